//! One-time codes: what proves that the person at the form is an enrolled approver, not merely a reader of the mailbox.
//!
//! Time-based codes of RFC 6238 over HMAC-SHA-256: six digits, a new one every thirty seconds. Owns making and checking a
//! code. Does not own the secrets, who may approve what, or the memory of codes already used (`edge`).

use super::mac;

/// The seconds for which one code is current.
const PERIOD: i64 = 30;

/// The digits of a code.
const DIGITS: usize = 6;

/// The code of `secret` at `now` (seconds since 1970).
pub fn one_time_code(secret: &[u8], now: i64) -> String {
    code_of_step(secret, step(now))
}

/// The time step whose code this is, when it is the current one or a neighbour (clocks differ by half a minute).
///
/// The caller must refuse a step that is not later than the last one it accepted: a code works once.
pub fn matching_step(secret: &[u8], code: &str, now: i64) -> Option<i64> {
    let typed: String = code.chars().filter(|character| !character.is_whitespace() && *character != '-').collect();
    let current = step(now);
    // Every neighbour is tried, so that the time taken does not tell which one matched.
    [current - 1, current, current + 1]
        .into_iter()
        .filter(|step| mac::same(code_of_step(secret, *step).as_bytes(), typed.as_bytes()))
        .max()
}

/// The address that an authenticator application reads to enrol an approver.
pub fn enrolment_address(approver: &str, secret: &[u8]) -> String {
    let label: String = approver.bytes().map(escape_byte).collect();
    format!(
        "otpauth://totp/SAO:{label}?secret={}&issuer=SAO&algorithm=SHA256&digits={DIGITS}&period={PERIOD}",
        base32(secret)
    )
}

fn step(now: i64) -> i64 {
    now.div_euclid(PERIOD)
}

fn code_of_step(secret: &[u8], step: i64) -> String {
    let mac = mac::hmac_sha256(secret, &step.to_be_bytes());
    let offset = usize::from(mac[31] & 0x0f);
    let word = u32::from_be_bytes([mac[offset] & 0x7f, mac[offset + 1], mac[offset + 2], mac[offset + 3]]);
    format!("{:06}", word % 1_000_000)
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut block = [0_u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let letters = (chunk.len() * 8).div_ceil(5);
        for place in 0..letters {
            let index = (bits >> (35 - 5 * place)) & 0x1f;
            text.push(char::from(BASE32[usize::try_from(index).unwrap_or(0)]));
        }
    }
    text
}

fn escape_byte(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's SHA-256 vectors; its eight-digit codes end in these six.
    const SECRET: &[u8] = b"12345678901234567890123456789012";

    fn check(now: i64, expect: &str) {
        assert_eq!(one_time_code(SECRET, now), expect);
    }

    #[test]
    fn codes_agree_with_rfc_6238() {
        check(59, "119246");
        check(1_111_111_109, "084774");
        check(1_111_111_111, "062674");
        check(1_234_567_890, "819424");
        check(2_000_000_000, "698825");
        check(20_000_000_000, "737706");
    }

    #[test]
    fn a_code_is_taken_from_the_neighbouring_step_and_no_further() {
        let code = one_time_code(SECRET, 1_000_000);
        assert!(matching_step(SECRET, &code, 1_000_000 + PERIOD).is_some());
        assert!(matching_step(SECRET, &code, 1_000_000 - PERIOD).is_some());
        assert_eq!(matching_step(SECRET, &code, 1_000_000 + 3 * PERIOD), None);
    }

    #[test]
    fn a_code_may_be_typed_with_spaces() {
        assert!(matching_step(SECRET, " 119 246 ", 59).is_some());
        assert_eq!(matching_step(SECRET, "", 59), None);
        assert_eq!(matching_step(SECRET, "119247", 59), None);
    }

    #[test]
    fn secrets_are_written_in_base32() {
        assert_eq!(base32(b"12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(base32(b"f"), "MY");
        assert_eq!(base32(b"foob"), "MZXW6YQ");
    }

    #[test]
    fn the_label_of_an_approver_is_escaped() {
        let address = enrolment_address("Ana Müller", b"f");
        assert_eq!(
            address,
            "otpauth://totp/SAO:Ana%20M%C3%BCller?secret=MY&issuer=SAO&algorithm=SHA256&digits=6&period=30"
        );
    }
}
