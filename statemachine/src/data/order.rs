//! The order in which Step Functions writes the computed fields of an object.
//!
//! Owns that order alone. Step Functions gathers the fields that it computes (the `.$` fields of a payload template, the result of
//! `States.JsonMerge`) in a hash table and writes them as the table holds them: by bucket, each bucket in order of insertion.
//! Recorded histories show that order, so it is reproduced here.

/// Puts items in the order of the hash table, by the name that `name` gives each.
pub(crate) fn by_bucket<T>(mut items: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
    let buckets = bucket_count(items.len());
    items.sort_by_key(|item| spread(hash(name(item))) & (buckets - 1));
    items
}

/// The table doubles, from 16 buckets, whenever it is more than three quarters full.
fn bucket_count(items: usize) -> u32 {
    let mut buckets = 16u32;
    while items * 4 > buckets as usize * 3 {
        buckets *= 2;
    }
    buckets
}

/// The polynomial hash of a text's UTF-16 units, base 31.
fn hash(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)))
}

fn spread(hash: u32) -> u32 {
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[&str], expect: &[&str]) {
        assert_eq!(by_bucket(given.to_vec(), |name| name), expect);
    }

    #[test]
    fn recorded_orders_are_reproduced() {
        check(
            &[
                "simpleArray",
                "partitionedArray",
                "containsElement",
                "numberRange",
                "thirdElement",
                "arraySize",
                "uniqueValues",
            ],
            &[
                "uniqueValues",
                "simpleArray",
                "thirdElement",
                "partitionedArray",
                "arraySize",
                "containsElement",
                "numberRange",
            ],
        );
        check(
            &["TableName", "Key", "UpdateExpression", "ExpressionAttributeValues"],
            &["TableName", "UpdateExpression", "Key", "ExpressionAttributeValues"],
        );
        check(&["FunctionName", "Payload", "LogType"], &["FunctionName", "LogType", "Payload"]);
    }

    #[test]
    fn the_table_grows_when_three_quarters_full() {
        assert_eq!([0, 12, 13, 24, 25].map(bucket_count), [16, 16, 32, 32, 64]);
    }
}
