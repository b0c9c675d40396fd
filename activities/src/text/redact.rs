//! Takes credentials, tokens, passwords and personal addresses out of free text.
//!
//! Owns the patterns. They err on the side of taking out: a redacted word costs the reader a guess, a leaked key costs
//! an account. What stands around a secret stays readable (`password=[redacted]`), because that it was there is evidence.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexSet};
use serde_json::Value;

use super::glance::looks_clean;

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Takes everything out of `text` that looks like a secret or a personal address.
///
/// ```
/// assert_eq!(activities::text::redact("password=hunter22 user=shop"), "password=[redacted] user=shop");
/// ```
pub fn redact(text: &str) -> Cow<'_, str> {
    if looks_clean(text) { Cow::Borrowed(text) } else { closely(text) }
}

fn closely(text: &str) -> Cow<'_, str> {
    // One look for all rules together: most of what was suspected holds nothing that any rule takes out.
    if !ANY_RULE.is_match(text) {
        return Cow::Borrowed(text);
    }
    let mut clean = Cow::Borrowed(text);
    for rule in RULES.iter() {
        if let Cow::Owned(replaced) = rule.pattern.replace_all(&clean, rule.replacement) {
            clean = Cow::Owned(replaced);
        }
    }
    match SECRET_ACCESS_KEY.replace_all(&clean, hide_secret_access_key) {
        Cow::Owned(replaced) => Cow::Owned(replaced),
        Cow::Borrowed(_) => clean,
    }
}

/// Takes the addresses of the open internet out of `text`: those who called are people. Addresses of private networks stay, they
/// name machines.
///
/// ```
/// assert_eq!(activities::text::redact_addresses("203.0.113.9 called 10.0.1.7"), "[address] called 10.0.1.7");
/// ```
pub fn redact_addresses(text: &str) -> Cow<'_, str> {
    ADDRESS.replace_all(text, |found: &Captures<'_>| {
        let public = found[0].parse::<IpAddr>().is_ok_and(is_public);
        if public { ADDRESS_MARK.to_owned() } else { found[0].to_owned() }
    })
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => is_public_v4(four),
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or_else(|| is_public_v6(six), is_public_v4),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let shared = address.octets()[0] == 100 && (64..128).contains(&address.octets()[1]);
    let own = address.is_private() || address.is_loopback() || address.is_link_local() || shared;
    !(own || address.octets()[0] == 0 || address.is_broadcast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let own = address.is_unique_local() || address.is_unicast_link_local() || address.is_loopback();
    !(own || address.is_unspecified())
}

/// Takes the secrets out of a JSON value: those that a name gives away, whatever they look like, and those that look like some.
pub fn redact_value(name: &str, value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Number(_) if is_secret_name(name) => REDACTED.into(),
        Value::String(text) => redact(text).into(),
        Value::Array(items) => items.iter().map(|item| redact_value(name, item)).collect(),
        Value::Object(fields) => {
            // `{name: "DB_PASSWORD", value: "..."}`, as containers write their environment: the name judges the value.
            let named = ["name", "Name", "key", "Key"].iter().find_map(|field| fields.get(*field)?.as_str());
            let clean = |(field, value): (&String, &Value)| {
                let judge = if field.eq_ignore_ascii_case("value") { named.unwrap_or(field) } else { field };
                (field.clone(), redact_value(judge, value))
            };
            Value::Object(fields.iter().map(clean).collect())
        }
        other => other.clone(),
    }
}

/// Forty letters with both cases and a digit are a secret access key; forty hexadecimal digits are a commit.
fn hide_secret_access_key(found: &Captures<'_>) -> String {
    let has = |test: fn(&char) -> bool| found[2].chars().any(|letter| test(&letter));
    let secret = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    let middle = if secret { REDACTED } else { &found[2] };
    format!("{}{middle}{}", &found[1], &found[3])
}

/// Reports whether a variable or attribute of this name holds a secret, by its name alone.
///
/// Words are compared whole, so that `MONKEY` and `TOKENIZER` are none; a name that only points at a secret (`..._ARN`,
/// `..._NAME`, `..._ID`, `..._URL`) is none either.
pub fn is_secret_name(name: &str) -> bool {
    let words = words_of(name);
    let points = words.last().is_some_and(|last| POINTERS.contains(&last.as_str()));
    let pair = words.windows(2).any(|two| SECRET_PAIRS.contains(&(two[0].as_str(), two[1].as_str())));
    !points && (pair || words.iter().any(|word| SECRET_WORDS.contains(&word.as_str())))
}

/// Splits `dbPassword`, `DB_PASSWORD` and `db-password` into lower-case words.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for letter in name.chars() {
        let starts = !letter.is_alphanumeric() || (letter.is_uppercase() && before_lower);
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        before_lower = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

struct Rule {
    pattern: Regex,
    replacement: &'static str,
}

const SECRET_WORDS: [&str; 18] = [
    "pass",
    "pgpassword",
    "passcode",
    "creds",
    "jwt",
    "apitoken",
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "credential",
    "credentials",
    "apikey",
    "dsn",
    "privatekey",
];

const SECRET_PAIRS: [(&str, &str); 10] = [
    ("account", "key"),
    ("connection", "string"),
    ("api", "key"),
    ("access", "key"),
    ("private", "key"),
    ("secret", "key"),
    ("signing", "key"),
    ("encryption", "key"),
    ("auth", "key"),
    ("license", "key"),
];

/// Last words of names that point at a secret without holding it.
const POINTERS: [&str; 8] = ["arn", "name", "id", "url", "path", "ttl", "expiry", "count"];

/// Pattern and replacement, most specific first: what an earlier rule has taken out, a later one no longer sees.
///
/// Word boundaries are those of ASCII: the others cost a hundred times as much on text that is not.
const PATTERNS: [(&str, &str); 13] = [
    // A PEM block, also one that was cut off before its end.
    (r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)", "[redacted]"),
    // Access key ids of AWS, permanent and temporary.
    (r"(?-u:\b)(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{12,}(?-u:\b)", "[redacted]"),
    // Session tokens of AWS, by how they begin.
    (r"(?-u:\b)IQoJb3JpZ2lu[A-Za-z0-9/+=_-]{8,}", "[redacted]"),
    // JSON web tokens.
    (r"(?-u:\b)eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?", "[redacted]"),
    // Tokens whose issuer gave them a prefix: Stripe, GitHub, GitLab, Slack, npm, Anthropic and OpenAI.
    (r"(?-u:\b)(?:[sr]k|pk|whsec)_(?:live|test)?_?[A-Za-z0-9]{10,}(?-u:\b)", "[redacted]"),
    (
        r"(?-u:\b)(?:gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|xapp-|npm_|pypi-|hf_|dop_v1_|dckr_pat_|AIza|sk-)[A-Za-z0-9_-]{10,}",
        "[redacted]",
    ),
    // Name and password in a URL: the name stays.
    (r"(?i)(?-u:\b)([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/@]+@", "$1:[redacted]@"),
    // The credentials of an HTTP header.
    (r"(?i)(?-u:\b)(bearer|basic|aws4-hmac-sha256)\s+[A-Za-z0-9+/_.=~-]{8,}", "$1 [redacted]"),
    // A signature or token in a query string.
    (
        r"(?i)([?&](?:x-amz-(?:signature|security-token|credential)|sig|signature|token|access_token|code|key)=)[^&\s]+",
        "$1[redacted]",
    ),
    // A quoted value whose name says that it is a secret, also inside a JSON text that is itself quoted.
    (
        r#"(?i)((?:password|passwd|pwd|passphrase|passcode|(?:^|[^a-z])pass|secret|token|credentials?|(?:api|access|account|private|secret)[_-]?key|authorization)\\*["']?\s*(?:[:=]|=>)\s*\\*["'])[^"'\\]+"#,
        "$1[redacted]",
    ),
    // The same without quotes: `name=value` and `name: value`.
    (
        r#"(?i)((?:password|passwd|pwd|passphrase|passcode|(?:^|[^a-z])pass|secret|token|credentials?|(?:api|access|account|private|secret)[_-]?key|authorization)["']?\s*(?:[:=]|=>)\s*)[^\s"',;&)}\[\]\\]+"#,
        "$1[redacted]",
    ),
    // Mail addresses.
    (r"(?-u:\b)[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}(?-u:\b)", "[address]"),
    // Card numbers as people write them.
    (r"(?-u:\b)[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}(?-u:\b)", "[redacted]"),
];

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    PATTERNS.iter().map(|&(pattern, replacement)| Rule { pattern: compiled(pattern), replacement }).collect()
});

static ANY_RULE: LazyLock<RegexSet> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the same patterns compile one by one")]
    RegexSet::new(PATTERNS.iter().map(|(pattern, _)| *pattern).chain([FORTY_LETTERS])).expect("the patterns compile")
});

/// Whatever may be an address; what it is is told by reading it.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"(?-u:\b)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?-u:\b)|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*[0-9A-Fa-f]")
});

const ADDRESS_MARK: &str = "[address]";

static SECRET_ACCESS_KEY: LazyLock<Regex> = LazyLock::new(|| compiled(FORTY_LETTERS));

const FORTY_LETTERS: &str = r"(^|[^A-Za-z0-9/+=])([A-Za-z0-9/+]{40})($|[^A-Za-z0-9/+=])";

#[expect(clippy::expect_used, reason = "the patterns are constants, and every test of this file compiles them all")]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern compiles")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(redact(text), expect);
    }

    #[test]
    fn keys_of_aws_go() {
        check("key AKIAIOSFODNN7EXAMPLE used", "key [redacted] used");
        check(
            "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY end",
            "aws_secret_access_key=[redacted] end",
        );
    }

    #[test]
    fn assignments_keep_their_name() {
        check("password=hunter22 user=shop", "password=[redacted] user=shop");
        check(r#"{"db_password":"hunter22","n":1}"#, r#"{"db_password":"[redacted]","n":1}"#);
        check("Authorization: Bearer abcdefgh12345678", "Authorization: [redacted] [redacted]");
    }

    #[test]
    fn a_url_keeps_host_and_user() {
        check("postgres://shop:s3cr3t@db.internal:5432/shop", "postgres://shop:[redacted]@db.internal:5432/shop");
    }

    #[test]
    fn issued_tokens_go() {
        check("charge failed for sk_live_9f8e7d6c5b4a39281706", "charge failed for [redacted]");
        check("x ghp_0123456789abcdefghij y", "x [redacted] y");
        check("t eyJhbGciOi.eyJzdWIiOi.c2lnbmF0 u", "t [redacted] u");
        check("session IQoJb3JpZ2luX2VjEJr//wEaCWV1LXdlc3QtMSJ= u", "session [redacted] u");
        check("AccountKey=abc/def== db_pass=x9 pass: y8", "AccountKey=[redacted] db_pass=[redacted] pass: [redacted]");
    }

    #[test]
    fn private_keys_go_even_when_cut() {
        check("a -----BEGIN RSA PRIVATE KEY-----\nMIIE", "a [redacted]");
    }

    #[test]
    fn mail_addresses_go() {
        check("customer jane.doe@example.com waits", "customer [address] waits");
    }

    #[test]
    fn callers_go_and_machines_stay() {
        #[track_caller]
        fn check(text: &str, expect: &str) {
            assert_eq!(redact_addresses(text), expect);
        }
        check("from 203.0.113.9:443, 198.51.100.255", "from [address]:443, [address]");
        check(
            "10.0.1.7 172.16.0.1 192.168.1.1 127.0.0.1 169.254.169.254 0.0.0.0/0",
            "10.0.1.7 172.16.0.1 192.168.1.1 127.0.0.1 169.254.169.254 0.0.0.0/0",
        );
        check("2001:db8::17 called fd00::1 and ::1", "[address] called fd00::1 and ::1");
        check("::ffff:203.0.113.9", "[address]");
        check(
            "at 10:15:30, arn:aws:lambda:eu-west-1:123456789012:function:f",
            "at 10:15:30, arn:aws:lambda:eu-west-1:123456789012:function:f",
        );
    }

    #[test]
    fn a_value_is_judged_by_its_name_however_deep_it_stands() {
        let value = serde_json::json!({"timeout": 10, "environment": {"DB_PASS": "x", "TABLE": "orders", "n": ["sk-0123456789abc"]},
            "list": [{"name": "API_KEY", "value": "k"}, {"name": "PORT", "value": "80"}], "manage_password": true});
        let expect = serde_json::json!({"timeout": 10, "environment": {"DB_PASS": REDACTED, "TABLE": "orders", "n": [REDACTED]},
            "list": [{"name": "API_KEY", "value": REDACTED}, {"name": "PORT", "value": "80"}], "manage_password": true});
        assert_eq!(redact_value("", &value), expect);
    }

    #[test]
    fn ordinary_lines_stay() {
        for line in [
            "REPORT RequestId: 6f1c1c1e-9a3b-4a55-8b57-0e7a5c1f2d3e Duration: 9987.21 ms Billed Duration: 10000 ms Memory Size: 256 MB",
            "Task timed out after 10.00 seconds",
            "arn:aws:lambda:eu-west-1:123456789012:function:shop-prod-orders",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-prod-orders",
            "tokenizer ready, keys: 12",
            "bypass: on, compass=north, passed 3 of 4",
        ] {
            check(line, line);
        }
    }

    #[test]
    fn names_tell_secrets() {
        for name in ["PASSWORD", "dbPassword", "PAYMENT_API_KEY", "auth_token", "SECRET", "aws-secret-access-key"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in
            ["MONKEY", "TOKENIZER", "SECRET_ARN", "ORDERS_TABLE", "KEY_SCHEMA", "PASSWORD_RESET_URL", "LOG_LEVEL"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    /// Checks that a text which a glance calls clean matches no rule; says whether it was called clean.
    fn check_glance(text: &str) -> bool {
        let clean = looks_clean(text);
        assert!(!clean || !ANY_RULE.is_match(text), "{text:?}");
        clean
    }

    #[test]
    fn a_glance_calls_ordinary_names_clean() {
        for text in [
            "arn:aws:lambda:eu-west-1:123456789012:function:shop-prod-orders",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/tg-9/0123456789abcdef",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-prod-orders",
            "python3.12",
            "shop-prod-orders.example.com",
            "2026-11-23T09:15:32.000+0000",
        ] {
            assert!(check_glance(text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn a_glance_overlooks_nothing(parts in proptest::collection::vec(prop_oneof![
            proptest::sample::select(FRAGMENTS.to_vec()).prop_map(str::to_owned), "[A-Za-z0-9]{1,12}", "[A-Z0-9]{8,16}", "[0-9]{4}",
            "[A-Za-z0-9/+]{38,41}", "[ -~]{0,3}", "\\PC{0,2}", "[ \\t\\n\\x0b:=\"'\\\\]{0,2}",
        ], 0..7)) {
            check_glance(&parts.concat());
        }
    }

    const FRAGMENTS: [&str; 55] = [
        "passcode",
        "pass",
        "account_key",
        "IQoJb3JpZ2lu",
        "AIza",
        "pypi-",
        "hf_",
        "dop_v1_",
        "xapp-",
        "dckr_pat_",
        "password",
        "PASSWD",
        "pwd",
        "passphrase",
        "Secret",
        "token",
        "credential",
        "credentials",
        "api_key",
        "access-key",
        "privateKey",
        "authorization",
        "bearer ",
        "Basic\t",
        "AWS4-HMAC-SHA256 ",
        "-----BEGIN RSA PRIVATE KEY-----",
        "AKIA",
        "ASIA",
        "eyJ",
        ".",
        "sk_live_",
        "rk_",
        "pk_test_",
        "whsec_",
        "ghp_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "npm_",
        "sk-",
        "https://",
        ":",
        "@",
        "?sig=",
        "&code=",
        "?x-amz-security-token=",
        "=",
        "=>",
        " = ",
        "\"",
        "\\\"",
        "-",
        " ",
        "1234 5678 9012 3456",
        "_",
    ];

    proptest! {
        #[test]
        fn redacting_twice_changes_nothing_more(text in ".{0,200}") {
            let once = redact(&text).into_owned();
            let twice = redact(&once).into_owned();
            prop_assert_eq!(redact(&twice), twice.as_str());
        }

        #[test]
        fn an_assigned_password_never_survives(secret in "[A-Za-z0-9!$%*]{6,40}", before in "[a-z ]{0,20}") {
            let line = format!("{before} password={secret} end");
            prop_assert!(!redact(&line).contains(&secret) || REDACTED.contains(&secret));
        }
    }
}
