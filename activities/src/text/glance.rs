//! A glance at a text: can anything in it look like a secret at all?
//!
//! Owns the quick no. Of a million texts in a state nearly none holds anything that a rule of [`mod@super::redact`] takes out,
//! and looking for all rules in each would cost more than everything else that is done with a state. A glance may
//! suspect too much and never too little: what it calls clean, no rule matches; a test holds the two together.

/// Whether no rule can match.
pub(super) fn looks_clean(text: &str) -> bool {
    let bytes = text.as_bytes();
    let traits = bytes.iter().fold(0, |all, byte| all | TRAITS[usize::from(*byte)]);
    let has = |wanted: u8| traits & wanted != 0;
    // Mail addresses and names in URLs hold an `@`; outside of ASCII, other letters count as those of the rules.
    if has(AT | FOREIGN) {
        return false;
    }
    if text.len() < SHORTEST && !has(ASSIGNS) {
        return true;
    }
    let suspicious = has(ASSIGNS | UNDERSCORE | DASH | SPACE) && holds_suspicious_sign(bytes)
        || has(CAPITAL) && holds_capitals(text, has(DOT))
        || has_long_run(bytes);
    !suspicious
}

/// Whether a sign stands where it stands in secrets.
fn holds_suspicious_sign(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().any(|(at, byte)| match TRAITS[usize::from(*byte)] {
        ASSIGNS => is_assignment(bytes, at, *byte),
        UNDERSCORE => ends_prefix(&bytes[..at]),
        DASH | SPACE => is_break(bytes, at, *byte),
        _ => false,
    })
}

/// `password=`, `token" : `, `&sig=`: whether a sign of assignment stands after what may be a telling word.
fn is_assignment(bytes: &[u8], at: usize, byte: u8) -> bool {
    let quoted = |byte: &u8| matches!(byte, b'"' | b'\'' | b'\\') || byte.is_ascii_whitespace() || *byte == 0x0b;
    let end = bytes[..at].iter().rposition(|byte| !quoted(byte)).map_or(0, |last| last + 1);
    let word = &bytes[..end];
    // The last letters of the telling words; a query's parameter may be any of several short words.
    let last = word.last().map_or(0, u8::to_ascii_lowercase);
    matches!(last, b'd' | b'e' | b't' | b'n' | b'l' | b's' | b'y')
        && TELLING.iter().any(|ending| ends_with(word, ending))
        || byte == b'=' && follows_query_sign(word)
}

/// `?sig`, `&X-Amz-Signature`
fn follows_query_sign(word: &[u8]) -> bool {
    let sign = word.iter().rev().take(LONGEST_PARAMETER).find(|byte| matches!(byte, b'?' | b'&'));
    sign.is_some()
}

/// `sk_`, `whsec_`, `ghp_`, `github_pat_`, `npm_`: whether an underscore ends the prefix of an issued token.
fn ends_prefix(before: &[u8]) -> bool {
    matches!(
        before,
        [.., b'g', b'h', b'o' | b'p' | b's' | b'u' | b'r']
            | [.., b'h', b'f']
            | [.., b'v', b'1']
            | [.., b's' | b'r' | b'p', b'k']
            | [.., b's', b'e', b'c']
            | [.., b'p', b'a', b't']
            | [.., b'n', b'p', b'm']
    )
}

/// Whether a dash or blank stands in a token, before a key, between the digits of a card or before credentials.
fn is_break(bytes: &[u8], at: usize, byte: u8) -> bool {
    let (before, after) = (&bytes[..at], &bytes[at + 1..]);
    let card = ends_with_digits(before) && after.len() >= 4 && after[..4].iter().all(u8::is_ascii_digit);
    if byte == b'-' {
        return card
            || matches!(
                before,
                [.., b's', b'k']
                    | [.., b'p', b'a', b't']
                    | [.., b'y', b'p', b'i']
                    | [.., b'a', b'p', b'p']
                    | [.., b'x', b'o', b'x', _]
                    | [.., b'-', b'-', b'-']
            );
    }
    card || ["bearer", "basic", "sha256"].iter().any(|scheme| ends_with(before, scheme.as_bytes()))
}

fn ends_with_digits(before: &[u8]) -> bool {
    before.len() >= 4 && before[before.len() - 4..].iter().all(u8::is_ascii_digit)
}

/// Access key ids, session tokens and web tokens.
fn holds_capitals(text: &str, has_dot: bool) -> bool {
    has_dot && text.contains("eyJ")
        || text.contains("IQoJ")
        || text.contains("AIza")
        || text.as_bytes().windows(4).any(|four| four[3] == b'A' && KEY_IDS.contains(&four))
}

/// Whether forty letters of a secret access key follow each other.
fn has_long_run(bytes: &[u8]) -> bool {
    let of_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut start = 0;
    // Seen from the end of a window: what breaks it there, breaks all windows up to that place.
    while let Some(window) = bytes.get(start..start + KEY_LETTERS) {
        match window.iter().rposition(|byte| !of_key(byte)) {
            Some(broken) => start += broken + 1,
            None => return true,
        }
    }
    false
}

fn ends_with(bytes: &[u8], ending: &[u8]) -> bool {
    bytes.len() >= ending.len() && bytes[bytes.len() - ending.len()..].eq_ignore_ascii_case(ending)
}

/// What each byte is.
static TRAITS: [u8; 256] = {
    let mut traits = [0; 256];
    let mut byte = 0_u8;
    loop {
        traits[byte as usize] = match byte {
            b'@' => AT,
            b':' | b'=' => ASSIGNS,
            b'_' => UNDERSCORE,
            b'-' => DASH,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => SPACE,
            b'A' | b'J' => CAPITAL,
            b'.' => DOT,
            0x80.. => FOREIGN,
            _ => 0,
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    traits
};

const AT: u8 = 1;
const ASSIGNS: u8 = 2;
const UNDERSCORE: u8 = 4;
const DASH: u8 = 8;
const SPACE: u8 = 16;
const CAPITAL: u8 = 32;
const DOT: u8 = 64;
const FOREIGN: u8 = 128;

/// The length of `sk-` and ten letters.
const SHORTEST: usize = 13;
const KEY_LETTERS: usize = 40;
/// `x-amz-security-token` and what may stand around it.
const LONGEST_PARAMETER: usize = 24;

/// The ends of the words whose values are taken out.
const TELLING: [&[u8]; 12] = [
    b"passcode",
    b"pass",
    b"password",
    b"passwd",
    b"pwd",
    b"passphrase",
    b"secret",
    b"token",
    b"credential",
    b"credentials",
    b"key",
    b"authorization",
];

const KEY_IDS: [&[u8]; 6] = [b"AKIA", b"ASIA", b"AROA", b"AIDA", b"ABIA", b"ACCA"];
