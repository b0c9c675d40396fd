//! Patterns with `*`, `?` and `[...]`, as people write them in rules.
//!
//! Owns the matching. A pattern that equals the text matches it whatever it means as a pattern: a Terraform address with
//! an instance key (`aws_subnet.a[0]`) is full of brackets.

/// Reports whether a pattern matches the whole text; case matters.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    pattern == text || matches_glob(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

/// Reports whether a pattern of AWS, in which only `*` and `?` mean more than themselves, matches the whole text.
pub(super) fn wildcard(pattern: &str, text: &str) -> bool {
    // A bracket in a set of its own is a bracket.
    let letters = pattern.chars().flat_map(|letter| match letter {
        '[' => vec!['[', '[', ']'],
        other => vec![other],
    });
    matches_glob(&letters.collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

/// Takes one star back at a time, the latest first, so that no pattern takes more than pattern times text steps.
fn matches_glob(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
            continue;
        }
        if let Some(next) = one(pattern, p, text[t]) {
            (p, t) = (next, t + 1);
            continue;
        }
        let Some((star_p, star_t)) = star else { return false };
        star = Some((star_p, star_t + 1));
        (p, t) = (star_p + 1, star_t + 1);
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

/// Matches one letter, and tells where the pattern goes on.
fn one(pattern: &[char], p: usize, letter: char) -> Option<usize> {
    match *pattern.get(p)? {
        '?' => Some(p + 1),
        '[' => match set(pattern, p) {
            Some((members, negated, next)) => (in_set(members, letter) != negated).then_some(next),
            // A bracket that is never closed is a bracket.
            None => (letter == '[').then_some(p + 1),
        },
        plain => (plain == letter).then_some(p + 1),
    }
}

/// The members of the set that opens at `p`, whether it is negated, and where the pattern goes on.
fn set(pattern: &[char], p: usize) -> Option<(&[char], bool, usize)> {
    let negated = pattern.get(p + 1) == Some(&'!');
    let start = p + 1 + usize::from(negated);
    // A closing bracket that comes first is a member.
    let end = start + 1 + pattern.get(start + 1..)?.iter().position(|letter| *letter == ']')?;
    Some((&pattern[start..end], negated, end + 1))
}

fn in_set(members: &[char], letter: char) -> bool {
    let mut rest = members;
    while let Some((first, after)) = rest.split_first() {
        if let ['-', last, after @ ..] = after {
            if (*first..=*last).contains(&letter) {
                return true;
            }
            rest = after;
        } else if *first == letter {
            return true;
        } else {
            rest = after;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expect: bool) {
        assert_eq!(matches(pattern, text), expect, "{pattern} on {text}");
    }

    #[test]
    fn stars_and_question_marks() {
        check("*", "", true);
        check("module.database.*", "module.database.aws_db_instance.this", true);
        check("*payments*", "module.payments.aws_lambda_function.this", true);
        check("*payments", "payments-api", false);
        check("a?c", "abc", true);
        check("a?c", "ac", false);
        check("a*b*c", "a-b-b-c", true);
    }

    #[test]
    fn sets() {
        check("db-[ab]", "db-a", true);
        check("db-[!ab]", "db-a", false);
        check("db-[0-9]", "db-7", true);
        check("db-[]]", "db-]", true);
        check("db-[", "db-[", true);
    }

    #[test]
    fn a_pattern_of_aws_knows_no_sets() {
        assert!(wildcard("arn:*:q[a]?", "arn:x:q[a]1"));
        assert!(!wildcard("q[ab]", "qa"));
    }

    #[test]
    fn an_address_matches_itself() {
        check(r#"aws_subnet.a["x-y"]"#, r#"aws_subnet.a["x-y"]"#, true);
        check("aws_subnet.a[0]", "aws_subnet.a[0]", true);
        check("aws_subnet.a[*", "aws_subnet.a[0]", true);
    }

    #[test]
    fn a_pattern_of_many_stars_ends_soon() {
        check(&"*a".repeat(60), &"a".repeat(5_000), true);
        check(&format!("{}b", "*a".repeat(60)), &"a".repeat(2_000), false);
    }

    proptest! {
        #[test]
        fn any_pattern_ends(pattern in "[\\[\\]!*?a-c-]{0,12}", text in "[a-c\\[\\]]{0,12}") {
            let _ = matches(&pattern, &text);
            prop_assert!(matches("*", &text));
        }
    }
}
