//! The sentences of failures.
//!
//! Owns how a failure of the engine is worded: Step Functions uses the sentences of the reference implementation, in which a
//! function, an operator or a value stands quoted, while the engine shortens some of them.

use serde_json::Value;

use super::{JsonataError, TOO_DEEP, TOO_LARGE, TOO_LONG, guard::Watch};

/// The failure of an evaluation; `watch` is asked for what the engine leaves out.
pub(super) fn of_failure(text: String, watch: impl FnOnce() -> Watch) -> JsonataError {
    let Some((code, message)) = coded(&text) else {
        let first = text.lines().next().unwrap_or_default();
        return JsonataError::uncoded(first);
    };
    match code {
        "D1011" | "U1001" | "U1002" => return JsonataError::uncoded(TOO_DEEP),
        "D1012" => return JsonataError::uncoded(TOO_LONG),
        "D2014" | "D2015" => return JsonataError::uncoded(TOO_LARGE),
        _ => {}
    }
    let message = match code {
        "T0410" | "T0411" | "T0412" => signature(code, message, watch),
        "T2009" => match watch().compared() {
            Some((left, operator, right)) => {
                format!(
                    "The values {left} and {right} either side of operator \"{operator}\" must be of the same data type"
                )
            }
            None => message.to_owned(),
        },
        "T2010" => match watch().compared() {
            Some((_, operator, _)) => {
                format!(
                    "The expressions either side of operator \"{operator}\" must evaluate to numeric or string values"
                )
            }
            None => message.to_owned(),
        },
        "T2001" | "T2002" => operator_quoted(message),
        "T1006" => String::from("Attempted to invoke a non-function"),
        "D3030" => unquoted(message)
            .map_or_else(|| message.to_owned(), |value| format!("Unable to cast value to a number: {value}")),
        "D3138" | "D3139" => message.split(" (").next().unwrap_or(message).to_owned(),
        code => fixed(code).map_or_else(|| message.to_owned(), str::to_owned),
    };
    JsonataError::Coded { code: code.to_owned(), message }
}

/// The failure of a text that is not an expression.
pub(super) fn of_syntax(text: &str, source: &str) -> JsonataError {
    let text = text.strip_prefix("Invalid syntax: ").unwrap_or(text);
    let Some((code, message)) = coded(text) else {
        return JsonataError::uncoded(text);
    };
    if code == "U1002" {
        return JsonataError::uncoded(TOO_DEEP);
    }
    // The engine takes an open regular expression for an open string.
    if code == "S0101" && has_open_pattern(source) {
        return JsonataError::Coded {
            code: "S0302".to_owned(),
            message: "No terminating / in regular expression".to_owned(),
        };
    }
    let message = match code {
        "S0201" => format!("Syntax error: {}", symbol(message.trim_start_matches("Syntax error: "))),
        "S0202" => match message.strip_prefix("Expected ").and_then(|rest| rest.split_once(", got ")) {
            Some((expected, found)) => format!("Expected {}, got {}", symbol(expected), symbol(found)),
            None => message.to_owned(),
        },
        "S0203" => {
            match message.strip_prefix("Expected ").and_then(|rest| rest.strip_suffix(" before end of expression")) {
                Some(expected) => format!("Expected {} before end of expression", symbol(expected)),
                None => message.to_owned(),
            }
        }
        "S0211" => match message.strip_prefix("The symbol ").and_then(|rest| rest.split_once(" cannot")) {
            Some((found, rest)) => format!("The symbol {} cannot{rest}", symbol(found)),
            None => message.to_owned(),
        },
        "S0103" => match message.rsplit_once('\\') {
            Some((start, letter)) => format!("{start}\\{}", Value::from(letter)),
            None => message.to_owned(),
        },
        _ => message.to_owned(),
    };
    JsonataError::Coded { code: code.to_owned(), message }
}

/// The code at the start of a message, and the message after it.
fn coded(text: &str) -> Option<(&str, &str)> {
    let (code, message) = text.split_once(": ")?;
    let mut letters = code.chars();
    let is_code =
        code.len() == 5 && letters.next()?.is_ascii_uppercase() && letters.all(|letter| letter.is_ascii_digit());
    is_code.then_some((code, message))
}

/// "Argument 1 of function "sum" must be an array of "numbers"" and its like.
fn signature(code: &str, message: &str, watch: impl FnOnce() -> Watch) -> String {
    if message.contains(" of function \"") {
        return message.to_owned();
    }
    let named = message.split_once(" of function ").and_then(|(_, rest)| rest.split(' ').next());
    let named = named
        .filter(|name| !matches!(*name, "does" | "must" | "undefined"))
        .map(|name| name.trim_start_matches('$').to_owned());
    let Some(function) = named.or_else(|| watch().function()) else {
        return message.to_owned();
    };
    let argument = argument(message);
    match (code, message.split("array of ").nth(1)) {
        ("T0412", Some(item)) => {
            let item = item.split(' ').next().unwrap_or(item).to_lowercase();
            format!("Argument {argument} of function \"{function}\" must be an array of \"{item}s\"")
        }
        ("T0411", _) => {
            format!("Context value is not a compatible type with argument {argument} of function \"{function}\"")
        }
        _ => format!("Argument {argument} of function \"{function}\" does not match function signature"),
    }
}

/// Which argument a message is about; where it only counts them, the first that is missing or too many.
fn argument(message: &str) -> usize {
    let numbers: Vec<usize> =
        message.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
    match numbers.as_slice() {
        [expected, got] if message.contains("count mismatch") => {
            if got < expected {
                got + 1
            } else {
                *got
            }
        }
        [first, ..] => *first,
        [] => 1,
    }
}

fn operator_quoted(message: &str) -> String {
    let quoted = message.split_once("side of the ").and_then(|(start, rest)| {
        let (operator, end) = rest.split_once(" operator")?;
        Some(format!("{start}side of the {} operator{end}", Value::from(operator.trim_matches('"'))))
    });
    quoted.unwrap_or_else(|| message.to_owned())
}

/// The text between the outer single quotes, as JSON.
fn unquoted(message: &str) -> Option<Value> {
    let start = message.find('\'')? + 1;
    let end = message.rfind('\'').filter(|end| *end >= start)?;
    Some(Value::from(&message[start..end]))
}

/// A token as it is written, quoted; the engine names most tokens by a word.
fn symbol(token: &str) -> Value {
    let written = TOKENS.iter().find(|(name, _)| *name == token).map(|(_, written)| (*written).to_owned());
    let inner = || {
        token
            .split_once('(')
            .and_then(|(_, rest)| rest.strip_suffix(')'))
            .map(|inner| inner.trim_matches('"').to_owned())
    };
    Value::from(written.or_else(inner).unwrap_or_else(|| token.to_owned()))
}

fn has_open_pattern(source: &str) -> bool {
    let mut quote = None;
    for letter in source.chars() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            _ => {}
        }
    }
    quote.is_none()
}

/// The sentences that the engine words in its own way.
fn fixed(code: &str) -> Option<&'static str> {
    SENTENCES.iter().find(|(known, _)| *known == code).map(|(_, sentence)| *sentence)
}

const SENTENCES: [(&str, &str); 22] = [
    ("D3010", "Second argument of replace function cannot be an empty string"),
    ("D3011", "Fourth argument of replace function must evaluate to a positive number"),
    ("D3012", "Attempted to replace a matched string with a non-string value"),
    ("D3020", "Third argument of split function must evaluate to a positive number"),
    ("D3040", "Third argument of match function must evaluate to a positive number"),
    ("D3080", "The picture string must only contain a maximum of two sub-pictures"),
    ("D3081", "The sub-picture must not contain more than one instance of the 'decimal-separator' character"),
    ("D3082", "The sub-picture must not contain more than one instance of the 'percent' character"),
    ("D3083", "The sub-picture must not contain more than one instance of the 'per-mille' character"),
    ("D3084", "The sub-picture must not contain both a 'percent' and a 'per-mille' character"),
    (
        "D3085",
        "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit character' or a member of the 'decimal digit family'",
    ),
    (
        "D3086",
        "The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character",
    ),
    (
        "D3087",
        "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a 'decimal-separator' character",
    ),
    ("D3088", "The sub-picture must not contain a 'grouping-separator' at the end of the integer part"),
    ("D3089", "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character"),
    (
        "D3090",
        "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is followed by an instance of the 'optional digit character'",
    ),
    (
        "D3091",
        "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that is followed by a member of the 'decimal digit family'",
    ),
    (
        "D3092",
        "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as an 'exponent-separator'",
    ),
    (
        "D3093",
        "The exponent part of the sub-picture must comprise only of one or more characters that are members of the 'decimal digit family'",
    ),
    ("T2003", "The left side of the range operator (..) must evaluate to an integer"),
    ("T2004", "The right side of the range operator (..) must evaluate to an integer"),
    ("T2006", "The right side of the function application operator ~> must be a function"),
];

const TOKENS: [(&str, &str); 39] = [
    ("True", "true"),
    ("False", "false"),
    ("Null", "null"),
    ("Undefined", "undefined"),
    ("Plus", "+"),
    ("Minus", "-"),
    ("Star", "*"),
    ("StarStar", "**"),
    ("Slash", "/"),
    ("Percent", "%"),
    ("Equal", "="),
    ("NotEqual", "!="),
    ("LessThan", "<"),
    ("LessThanOrEqual", "<="),
    ("GreaterThan", ">"),
    ("GreaterThanOrEqual", ">="),
    ("And", "and"),
    ("Or", "or"),
    ("In", "in"),
    ("Ampersand", "&"),
    ("Dot", "."),
    ("DotDot", ".."),
    ("Question", "?"),
    ("QuestionQuestion", "??"),
    ("QuestionColon", "?:"),
    ("Colon", ":"),
    ("ColonEqual", ":="),
    ("TildeArrow", "~>"),
    ("LeftParen", "("),
    ("RightParen", ")"),
    ("LeftBracket", "["),
    ("RightBracket", "]"),
    ("LeftBrace", "{"),
    ("RightBrace", "}"),
    ("Comma", ","),
    ("Semicolon", ";"),
    ("Caret", "^"),
    ("Pipe", "|"),
    ("At", "@"),
];
