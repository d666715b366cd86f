//! The XML of AWS's query protocol: elements, text, and attributes that are not needed.

use crate::text::{find, split_once};

/// The leaves of an XML document: elements that contain only text.
#[derive(Default)]
pub(super) struct Leaves<'a>(Vec<Leaf<'a>>);

struct Leaf<'a> {
    parent: &'a str,
    name: &'a str,
    text: &'a str,
}

impl<'a> Leaves<'a> {
    /// Parses a whole document. Returns `None` if it is not well-formed. The same is true for anything that AWS's
    /// query protocol does not use, such as a document type or CDATA.
    pub(super) fn parse(document: &'a [u8]) -> Option<Self> {
        let mut rest = std::str::from_utf8(document).ok()?.trim();
        let mut leaves = Vec::new();
        // The names of the open elements, and whether the last one can still be a leaf.
        let mut open: Vec<&str> = Vec::new();
        let mut is_leaf = false;
        loop {
            let (text, tail) = rest.split_at_checked(find(rest, "<")?)?;
            let blank = text.trim().is_empty();
            let tag = tail.get(1..)?;
            if let Some(tail) = tag.strip_prefix("?") {
                rest = split_once(tail, "?>").filter(|_| blank)?.1;
            } else if let Some(tail) = tag.strip_prefix("!--") {
                rest = split_once(tail, "-->").filter(|_| blank)?.1;
            } else if let Some(tail) = tag.strip_prefix("/") {
                let (name, tail) = split_once(tail, ">")?;
                if open.pop()? != name.trim_end() {
                    return None;
                }
                if is_leaf {
                    leaves.push(Leaf { parent: open.last().copied().unwrap_or_default(), name, text });
                } else if !blank {
                    return None;
                }
                is_leaf = false;
                rest = tail;
            } else {
                let (tag, tail) = split_once(tag, ">").filter(|_| blank)?;
                let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
                let name = tag.split_ascii_whitespace().next().filter(|_| !tag.starts_with(char::is_whitespace))?;
                if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-:".contains(&byte)) {
                    return None;
                }
                if !is_empty {
                    open.push(name);
                }
                is_leaf = !is_empty;
                rest = tail;
            }
            if open.is_empty() && rest.trim().is_empty() {
                return Some(Self(leaves));
            }
        }
    }

    /// Returns the text of an element, by its parent's name and its own. White space around it is removed.
    pub(super) fn get(&self, parent: &str, name: &str) -> Option<String> {
        let found = self.0.iter().find(|leaf| leaf.parent == parent && leaf.name == name)?;
        unescaped(found.text.trim())
    }
}

/// Decodes entities. Returns `None` for an unknown one.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = split_once(rest, "&") {
        let (entity, after) = split_once(after, ";")?;
        out.push_str(before);
        out.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let code = entity.strip_prefix('#')?;
                let number = match code.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => code.parse(),
                };
                char::from_u32(number.ok()?)?
            }
        });
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_leaf_is_found_by_parent_and_name() {
        let document = r#"<?xml version="1.0"?>
            <R xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><!-- a > b --><A><Key> x&lt;&#x41;&#66;&amp; </Key><Empty/><Blank></Blank></A>
            <B><Key>other</Key></B></R>"#;
        let leaves = Leaves::parse(document.as_bytes()).unwrap();
        assert_eq!(leaves.get("A", "Key").as_deref(), Some("x<AB&"));
        assert_eq!(leaves.get("B", "Key").as_deref(), Some("other"));
        assert_eq!(leaves.get("A", "Blank").as_deref(), Some(""));
        assert_eq!(leaves.get("R", "Key"), None);
        assert_eq!(leaves.get("A", "Empty"), None);
    }

    #[test]
    fn malformed_xml_is_refused() {
        for document in [
            "",
            "text",
            "<A>",
            "<A></B>",
            "<A><B></A></B>",
            "<A>text<B></B></A>",
            "<A><B></B>text</A>",
            "<A></A>text",
            "<A></A><",
            "</A>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><A></A>",
            "<A><![CDATA[x]]></A>",
            "< A></A>",
            "<A",
            "{\"a\":1}",
        ] {
            assert!(Leaves::parse(document.as_bytes()).is_none(), "{document}");
        }
        assert_eq!(Leaves::parse(b"<A><B>&b;</B></A>").unwrap().get("A", "B"), None, "an unknown entity");
    }

    #[test]
    fn cut_xml_is_refused_at_every_byte() {
        let document = "<R a=\"1\"><A><Key>x&lt;</Key><Empty/></A></R>";
        for end in 0..document.len() {
            assert!(Leaves::parse(&document.as_bytes()[..end]).is_none(), "{end}");
        }
    }
}
