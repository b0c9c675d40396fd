//! TagResource, UntagResource, ListTagsForResource.

use super::*;

const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:a";

async fn check(body: Value, code: &str, message: &str) {
    let bench = Bench::new().await;
    bench.create("m", &quick()).await;
    let said = bench.refused("TagResource", body).await;
    assert_eq!((said.0.as_str(), said.1.as_str()), (code, message));
}

#[tokio::test]
async fn tags_are_added_replaced_and_removed() {
    let bench = Bench::new().await;
    bench.create("m", &quick()).await;
    let new = json!({ "name": "a", "tags": [{ "key": "team", "value": "ops" }] });
    bench.call("CreateActivity", new).await;
    for resource in [MACHINE, ACTIVITY] {
        let tags = json!([{ "key": "team", "value": "dev" }, { "key": "cost", "value": "7" }]);
        assert_eq!(bench.call("TagResource", json!({ "resourceArn": resource, "tags": tags })).await, json!({}));
        let shown = bench.call("ListTagsForResource", json!({ "resourceArn": resource })).await;
        assert_eq!(shown, json!({ "tags": tags }), "{resource}");
        let keys = json!({ "resourceArn": resource, "tagKeys": ["cost", "none"] });
        assert_eq!(bench.call("UntagResource", keys).await, json!({}));
        let shown = bench.call("ListTagsForResource", json!({ "resourceArn": resource })).await;
        assert_eq!(shown, json!({ "tags": [{ "key": "team", "value": "dev" }] }), "{resource}");
    }
}

#[tokio::test]
async fn what_cannot_be_tagged_is_refused() {
    let tags = json!([{ "key": "k", "value": "v" }]);
    let other = format!("{MACHINE}x");
    let gone = format!("Resource not found: '{other}'");
    check(json!({ "resourceArn": other, "tags": tags }), "ResourceNotFound", &gone).await;
    let kind = "Invalid Arn: 'Resource type not valid in this context: execution'";
    check(json!({ "resourceArn": EXECUTION, "tags": tags }), "InvalidArn", kind).await;
    let null =
        "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null";
    check(json!({ "resourceArn": MACHINE }), "ValidationException", null).await;
    let many: Vec<Value> = (0..51).map(|n| json!({ "key": n.to_string(), "value": "" })).collect();
    let count = "Too Many Tags: a resource has at most 50 tags, not 51";
    check(json!({ "resourceArn": MACHINE, "tags": many }), "TooManyTags", count).await;
}
