//! The XML that AWS answers: elements and text, read into a tree.
//!
//! Owns a bounded reader: depth and size are limited, a document type is refused, entities are the five of XML and character
//! references. Namespaces, comments and attributes are passed over.

/// An element: its local name, its text and its children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Self>,
}

impl Element {
    /// Reads a document; answers its root.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text };
        let mut open: Vec<Self> = Vec::new();
        loop {
            match reader.next()? {
                Token::Text(text) => match open.last_mut() {
                    Some(element) => element.text.push_str(&text),
                    None if text.trim().is_empty() => {}
                    None => return Err("text outside of the root".to_owned()),
                },
                Token::Open { name, .. } if open.len() == DEEPEST => {
                    return Err(format!("`{name}` is nested deeper than {DEEPEST} elements"));
                }
                Token::Open { name, closed: false } => open.push(Self { name, ..Self::default() }),
                Token::Open { name, closed: true } => match close(&mut open, Self { name, ..Self::default() }) {
                    Some(root) => return Ok(root),
                    None => continue,
                },
                Token::Close(name) => {
                    let element = open.pop().filter(|element| element.name == name);
                    let element = element.ok_or_else(|| format!("`</{name}>` closes nothing"))?;
                    if let Some(root) = close(&mut open, element) {
                        return Ok(root);
                    }
                }
                Token::End => return Err("the document ends inside an element".to_owned()),
            }
        }
    }

    /// The first child of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// Puts a finished element into the one around it; the root has none and is given back.
fn close(open: &mut [Element], element: Element) -> Option<Element> {
    match open.last_mut() {
        Some(parent) => {
            parent.children.push(element);
            None
        }
        None => Some(element),
    }
}

enum Token {
    Open { name: String, closed: bool },
    Close(String),
    Text(String),
    End,
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<Token, String> {
        loop {
            if self.rest.is_empty() {
                return Ok(Token::End);
            }
            if let Some(end) =
                self.rest.find('<').filter(|end| *end > 0).or((!self.rest.contains('<')).then_some(self.rest.len()))
            {
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Ok(Token::Text(unescape(text)?));
            }
            if let Some(rest) = self.rest.strip_prefix("<![CDATA[") {
                let (text, rest) = rest.split_once("]]>").ok_or("a CDATA section does not end")?;
                self.rest = rest;
                return Ok(Token::Text(text.to_owned()));
            }
            if let Some(rest) = self.rest.strip_prefix("<!--") {
                self.rest = rest.split_once("-->").ok_or("a comment does not end")?.1;
                continue;
            }
            if let Some(rest) = self.rest.strip_prefix("<?") {
                self.rest = rest.split_once("?>").ok_or("a declaration does not end")?.1;
                continue;
            }
            if self.rest.starts_with("<!") {
                return Err("a document type is not accepted".to_owned());
            }
            return self.tag();
        }
    }

    fn tag(&mut self) -> Result<Token, String> {
        let end = end_of_tag(self.rest).ok_or("a tag does not end")?;
        let (tag, rest) = (&self.rest[1..end], &self.rest[end + 1..]);
        self.rest = rest;
        if let Some(name) = tag.strip_prefix('/') {
            return Ok(Token::Close(local(name.trim())));
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let name = tag.split_whitespace().next().unwrap_or_default();
        if name.is_empty() {
            Err("a tag has no name".to_owned())
        } else {
            Ok(Token::Open { name: local(name), closed })
        }
    }
}

/// Where a tag's `>` is; those in the values of attributes are not it.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(place, c)| match (quote, c) {
        (None, '>') => Some(place),
        (None, '"' | '\'') => {
            quote = Some(c);
            None
        }
        (Some(open), c) if open == c => {
            quote = None;
            None
        }
        _ => None,
    })
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

fn unescape(text: &str) -> Result<String, String> {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').ok_or("an entity does not end")?;
        let c = match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            other => reference(other).ok_or_else(|| format!("the entity `&{other};` is not known"))?,
        };
        out.push(c);
        out.push_str(rest);
    }
    Ok(out)
}

fn reference(entity: &str) -> Option<char> {
    let number = entity.strip_prefix('#')?;
    let code = match number.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code)
}

/// Writes text so that it stands for itself inside an element.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const DEEPEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_tree_of_elements() {
        let text = "<?xml version=\"1.0\"?>\n<!-- c --><a:Root xmlns=\"x>y\"><B>1 &amp; &#x41;<![CDATA[<&]]></B><C/>\n</a:Root>";
        let root = Element::parse(text).unwrap();
        assert_eq!((root.name.as_str(), root.children.len()), ("Root", 2));
        assert_eq!(root.text_of("B"), Some("1 & A<&"));
        assert_eq!(root.text_of("C"), Some(""));
        assert_eq!(root.text_of("D"), None);
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        let deep = "<a>".repeat(DEEPEST + 1);
        for text in
            ["", "x", "<a>", "<a></b>", "</a>", "<a", "<a>&nbsp;</a>", "<a>&amp</a>", "<>x</>", "<a><![CDATA[", &deep]
        {
            assert!(Element::parse(text).is_err(), "{text}");
        }
        let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>";
        assert_eq!(Element::parse(bomb).unwrap_err(), "a document type is not accepted");
    }

    #[test]
    fn what_is_escaped_comes_back() {
        let text = "a<b>&\"c'";
        assert_eq!(Element::parse(&format!("<a>{}</a>", escape(text))).unwrap().text, text);
    }
}
