//! Collect: state files become the twin and the account, or change nothing.

use std::fs;

use serde_json::json;

use crate::shop::{FUNCTION, Shop};

async fn check_refused(text: &str, part: &str) {
    let shop = Shop::open().await;
    let before = shop.files();
    let path = shop.directory.path().join("shop.tfstate");
    fs::write(&path, text).unwrap();
    let error = shop.edge.collect(vec![path]).await.unwrap_err();
    assert_eq!(error.error, "Sao.BadState");
    assert!(error.message.contains(part), "{part} in {error}");
    assert_eq!(shop.files(), before);
}

#[tokio::test]
async fn a_bad_state_changes_nothing() {
    check_refused("", "empty").await;
    check_refused("{\"version\": 4, \"serial\"", "ends in the middle").await;
    check_refused(&json!({"version": 3}).to_string(), "version `3`").await;
    check_refused(&json!({"meta": {}, "encrypted_data": "x", "encryption_version": "v0"}).to_string(), "encrypted")
        .await;
    check_refused(&json!({"version": 4, "serial": 9, "lineage": "other", "resources": []}).to_string(), "lineage")
        .await;
    check_refused(&json!({"version": 4, "serial": 0, "lineage": "shop-1", "resources": []}).to_string(), "serial")
        .await;
}

#[tokio::test]
async fn one_bad_file_among_good_ones_changes_nothing() {
    let shop = Shop::open().await;
    let before = shop.files();
    let (good, bad) = (shop.directory.path().join("a.tfstate"), shop.directory.path().join("b.tfstate"));
    fs::write(&good, json!({"version": 4, "serial": 1, "lineage": "a", "resources": []}).to_string()).unwrap();
    fs::write(&bad, "{").unwrap();
    assert!(shop.edge.collect(vec![good, bad]).await.is_err());
    assert_eq!(shop.files(), before);
}

#[tokio::test]
async fn the_same_state_again_changes_nothing() {
    let shop = Shop::open().await;
    let before = shop.files();
    let collected = shop.collect(1, 10).await.unwrap();
    assert!(!collected[0].changed);
    assert_eq!(shop.files(), before);
}

#[tokio::test]
async fn terraform_changes_what_it_changed_and_leaves_drift_alone() {
    let shop = Shop::open().await;
    let mut record = shop.edge.account().resource(FUNCTION).unwrap().unwrap();
    record.changes.push(
        serde_json::from_value(json!({"key": "k", "kind": "action", "action": "lambda_update_memory", "by": "ana",
            "before": {"memory_size": 512}, "after": {"memory_size": 1024},
            "begun_at": "2026-11-23T10:15:00Z", "effective_at": "2026-11-23T10:15:00Z"}))
        .unwrap(),
    );
    shop.edge.account().put_resource(&record).unwrap();
    shop.clock.advance(60);
    assert!(shop.collect(2, 15).await.unwrap()[0].changed);
    let now = shop.edge.account().resource(FUNCTION).unwrap().unwrap().intended();
    assert_eq!((&now["timeout"], &now["memory_size"]), (&json!(15), &json!(1024)));
    // An apply sets back what drifted.
    assert_eq!(shop.edge.apply_declared().await.unwrap(), 1);
    let now = shop.edge.account().resource(FUNCTION).unwrap().unwrap().intended();
    assert_eq!(now["memory_size"], 512);
    assert_eq!(shop.edge.apply_declared().await.unwrap(), 0);
}

#[tokio::test]
async fn a_crash_between_twin_and_account_is_made_good() {
    let shop = Shop::open().await;
    fs::remove_dir_all(shop.data().join("account/resources")).unwrap();
    shop.collect(1, 10).await.unwrap();
    assert_eq!(shop.edge.account().resources().unwrap().len(), 3);
}

#[tokio::test]
async fn a_directory_stands_for_its_states() {
    let shop = Shop::open().await;
    let folder = shop.directory.path().join("states");
    fs::create_dir(&folder).unwrap();
    assert!(shop.edge.collect(vec![folder.clone()]).await.is_err());
    fs::write(
        folder.join("a.tfstate"),
        json!({"version": 4, "serial": 1, "lineage": "a", "resources": []}).to_string(),
    )
    .unwrap();
    fs::write(folder.join("notes.txt"), "x").unwrap();
    assert_eq!(shop.edge.collect(vec![folder]).await.unwrap().len(), 1);
    assert_eq!(shop.edge.twin().objects().unwrap().len(), 2);
}

#[tokio::test]
async fn states_are_found_at_any_depth_and_hidden_ones_are_not() {
    let shop = Shop::open().await;
    let folder = shop.directory.path().join("states");
    for (place, lineage) in [("network", "a"), ("teams/orders", "b"), (".terraform", "c")] {
        fs::create_dir_all(folder.join(place)).unwrap();
        let state = json!({"version": 4, "serial": 1, "lineage": lineage, "resources": []});
        fs::write(folder.join(place).join("terraform.tfstate"), state.to_string()).unwrap();
    }
    assert_eq!(shop.edge.collect(vec![folder]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_older_state_is_taken_when_it_is_meant() {
    let shop = Shop::open().await;
    let path = shop.directory.path().join("shop.tfstate");
    fs::write(&path, json!({"version": 4, "serial": 0, "lineage": "other", "resources": []}).to_string()).unwrap();
    let error = shop.edge.collect(vec![path.clone()]).await.unwrap_err();
    assert!(error.message.contains("`--force`"), "{error}");
    let collected = shop.edge.collect_with(vec![path], true, |_| ()).await.unwrap();
    assert_eq!((collected[0].serial, collected[0].nodes), (0, 0));
}

#[tokio::test]
#[cfg(not(feature = "aws"))]
async fn a_bucket_needs_a_build_that_reads_it() {
    let shop = Shop::open().await;
    let error = shop.edge.collect(vec!["s3://states/shop.tfstate".into()]).await.unwrap_err();
    assert_eq!(error.error, "Sao.BadState");
    assert!(error.message.contains("--features aws"), "{error}");
}
