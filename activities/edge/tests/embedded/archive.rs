//! Archive: a history that was kept stays as it was, and any change of it shows.

use serde_json::json;

use crate::shop::Shop;

#[tokio::test]
async fn a_history_is_kept_once() {
    let shop = Shop::open().await;
    let path = shop.edge.archive("e1", json!({"events": [1]})).await.unwrap();
    let before = shop.files();
    assert_eq!(shop.edge.archive("e1", json!({"events": [2]})).await.unwrap(), path);
    assert_eq!(shop.files(), before);
    assert!(std::fs::read_to_string(path).unwrap().contains("\"events\""));
}

#[tokio::test]
async fn a_changed_history_shows() {
    let shop = Shop::open().await;
    let path = shop.edge.archive("e1", json!({"events": [1]})).await.unwrap();
    shop.edge.archive("e2", json!({"events": [2]})).await.unwrap();
    assert_eq!(shop.edge.verify_archive().await.unwrap(), 2);
    std::fs::write(path, "{\"events\": []}").unwrap();
    let error = shop.edge.verify_archive().await.unwrap_err();
    assert!(error.message.contains("was changed since it was archived"), "{error}");
}

#[tokio::test]
async fn a_line_that_was_taken_out_of_the_chain_shows() {
    let shop = Shop::open().await;
    for execution in ["e1", "e2", "e3"] {
        shop.edge.archive(execution, json!({"events": [execution]})).await.unwrap();
    }
    let path = shop.data().join("history/chain.json");
    let mut chain: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    chain.remove(1);
    std::fs::write(&path, serde_json::to_vec(&chain).unwrap()).unwrap();
    assert!(shop.edge.verify_archive().await.is_err());
}
