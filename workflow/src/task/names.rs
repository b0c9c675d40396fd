//! How the AWS SDK for Java spells names: what the exceptions, services and members of integrations are called.
//!
//! Owns the rules. Step Functions names exceptions after the SDK's classes and members after its properties.

/// A name as a class: `KMSInvalidState` is `KmsInvalidState`, `Secrets Manager` is `SecretsManager`.
pub(super) fn class(name: &str) -> String {
    words(name).iter().map(|word| capitalised(&word.to_lowercase())).collect()
}

/// The class of an exception: a fault is one, and every name ends in `Exception`.
pub(super) fn exception(code: &str) -> String {
    let stem = code.strip_suffix("Exception").or_else(|| code.strip_suffix("Fault")).unwrap_or(code);
    format!("{}Exception", class(stem))
}

/// A service by its id: `Database Migration Service` is `DatabaseMigration`.
pub(super) fn service(id: &str) -> String {
    let class = class(id);
    let stem = class.strip_prefix("Amazon").or_else(|| class.strip_prefix("Aws")).unwrap_or(&class);
    stem.strip_suffix("Service").unwrap_or(stem).to_owned()
}

/// A member of an API as a state shows it: `SSEKMSKeyId` is `SsekmsKeyId`, `eventId` is `EventId`.
pub(super) fn shown(member: &str) -> String {
    let chars: Vec<char> = member.chars().collect();
    let small = |place: usize| chars.get(place).is_some_and(char::is_ascii_lowercase);
    let mut end = 1;
    while chars.get(end).is_some_and(char::is_ascii_uppercase) && !small(end + 1) {
        end += 1;
    }
    let name = chars.iter().enumerate().map(|(place, c)| match place {
        0 => c.to_ascii_uppercase(),
        _ if place < end => c.to_ascii_lowercase(),
        _ => *c,
    });
    name.collect()
}

pub(super) fn capitalised(word: &str) -> String {
    with_first(word, char::to_ascii_uppercase)
}

pub(super) fn uncapitalised(word: &str) -> String {
    with_first(word, char::to_ascii_lowercase)
}

fn with_first(word: &str, change: impl Fn(&char) -> char) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| std::iter::once(change(&first)).chain(chars).collect())
}

/// The words of a name: they end before a capital after a small letter, inside capitals before the last one that begins a
/// word, and after digits.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (place, c) in chars.iter().enumerate() {
        let (before, after) = (place.checked_sub(1).map(|place| chars[place]), chars.get(place + 1));
        let begins = match before {
            Some(before) if c.is_ascii_uppercase() => {
                (before.is_ascii_lowercase() && after.is_some_and(char::is_ascii_alphanumeric))
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
                    || before.is_ascii_digit()
            }
            Some(before) => before.is_ascii_digit() && c.is_ascii_alphabetic(),
            None => false,
        };
        if !c.is_ascii_alphanumeric() || begins {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(*c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_named_as_the_sdk_names_its_clients() {
        for (id, expect) in [
            ("DynamoDB", "DynamoDb"),
            ("SFN", "Sfn"),
            ("Secrets Manager", "SecretsManager"),
            ("CloudWatch Logs", "CloudWatchLogs"),
            ("EventBridge", "EventBridge"),
            ("WAFV2", "Wafv2"),
            ("FSx", "FSx"),
            ("S3", "S3"),
            ("EC2 Instance Connect", "Ec2InstanceConnect"),
            ("ACM PCA", "AcmPca"),
            ("Database Migration Service", "DatabaseMigration"),
            ("IoTFleetWise", "IoTFleetWise"),
            ("Route53Resolver", "Route53Resolver"),
        ] {
            assert_eq!(service(id), expect);
        }
    }

    #[test]
    fn exceptions_are_named_as_the_sdk_names_its_classes() {
        for (code, expect) in [
            ("NoSuchKey", "NoSuchKeyException"),
            ("ResourceNotFoundException", "ResourceNotFoundException"),
            ("KMSInvalidStateException", "KmsInvalidStateException"),
            ("InternalServerError", "InternalServerErrorException"),
            ("DBInstanceNotFoundFault", "DbInstanceNotFoundException"),
            ("InvalidToken", "InvalidTokenException"),
        ] {
            assert_eq!(exception(code), expect);
        }
    }

    #[test]
    fn members_are_shown_as_the_sdk_names_its_properties() {
        for (member, expect) in [
            ("SSEKMSKeyId", "SsekmsKeyId"),
            ("SSECustomerKeyMD5", "SseCustomerKeyMD5"),
            ("ETag", "ETag"),
            ("MD5OfMessageBody", "Md5OfMessageBody"),
            ("ChecksumCRC32", "ChecksumCRC32"),
            ("DBInstances", "DbInstances"),
            ("executionArn", "ExecutionArn"),
            ("Items", "Items"),
            ("S", "S"),
            ("BOOL", "Bool"),
            ("Id", "Id"),
            ("KMSMasterKeyId", "KmsMasterKeyId"),
        ] {
            assert_eq!(shown(member), expect);
        }
    }
}
