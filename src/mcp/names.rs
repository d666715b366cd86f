//! Names of MCP tools, as Bedrock accepts them.

use crate::error::{Error, ErrorKind, Result};
use crate::provider::words::digest;
use crate::request::Tool;

/// The length of the longest name that Bedrock accepts. MCP's limit is 128.
const MAX_LEN: usize = 64;

/// The digits of the hash that makes a changed name unique.
const DIGITS: usize = 8;

/// Returns the name to send for each tool, in the order of `tools`. A name does not depend on that order, so the
/// prompt cache still matches if the server lists its tools in another order.
///
/// # Errors
/// `Decode`, for a name that is empty or listed twice; `Config`, for one that is in `taken`.
pub(super) fn sent(server: &str, prefix: &str, tools: &[rmcp::model::Tool], taken: &[Tool]) -> Result<Vec<String>> {
    let mut names = Vec::with_capacity(tools.len());
    let full: Vec<String> = tools.iter().map(|tool| [prefix, &tool.name].concat()).collect();
    for (at, (tool, name)) in tools.iter().zip(&full).enumerate() {
        if tool.name.is_empty() {
            return Err(Error::of(
                ErrorKind::Decode,
                format_args!("the MCP server `{server}` lists a tool without a name; leave it out with `filter`"),
            ));
        }
        if full.iter().take(at).any(|other| other == name) {
            return Err(Error::of(
                ErrorKind::Decode,
                format_args!(
                    "the MCP server `{server}` lists the tool `{}` twice; leave both out with `filter`",
                    tool.name
                ),
            ));
        }
        let is_shared = |fitting: &String| {
            full.iter().enumerate().any(|(other, full)| other != at && plain(full) == *fitting)
                || taken.iter().any(|tool| tool.name == *fitting)
        };
        let plain = plain(name);
        // A valid name is kept. A changed name gets a hash if it equals another name.
        let sent = if plain != *name && is_shared(&plain) { hashed(&plain, name) } else { plain };
        if taken.iter().any(|tool| tool.name == sent) {
            return Err(Error::of(
                ErrorKind::Config,
                format_args!(
                    "the tool `{sent}` of the MCP server `{server}` is already in the toolbox; set a `prefix`, or select tools with `only`"
                ),
            ));
        }
        names.push(sent);
    }
    Ok(names)
}

/// Returns the name with accepted characters only, and short enough.
fn plain(name: &str) -> String {
    let is_accepted = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let plain: String = name.chars().map(|c| if is_accepted(c) { c } else { '_' }).collect();
    if plain.len() > MAX_LEN { hashed(&plain, name) } else { plain }
}

/// Returns the name with a hash of the server's name at its end.
fn hashed(plain: &str, name: &str) -> String {
    // The name is ASCII, so every length is a boundary.
    let kept = plain.get(..MAX_LEN - DIGITS - 1).unwrap_or(plain);
    [kept, "_", &digest(name, DIGITS)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    fn named(prefix: &str, names: &[&str]) -> Result<Vec<String>> {
        let tools: Vec<_> = names
            .iter()
            .map(|name| rmcp::model::Tool::new_with_raw((*name).to_owned(), None, rmcp::model::JsonObject::default()))
            .collect();
        sent("files", prefix, &tools, &[Tool::new("search", "", Json::empty_object())])
    }

    #[test]
    fn mcp_tool_name_has_accepted_characters_only() {
        let names = named("fs.", &["read-file", "a.b/c", "größe"]).unwrap();
        assert_eq!(names, ["fs_read-file", "fs_a_b_c", "fs_gr__e"]);
    }

    #[test]
    fn long_mcp_tool_names_stay_distinct() {
        let long = "x".repeat(70);
        let names = named("", &[&format!("{long}a"), &format!("{long}b"), &"y".repeat(64)]).unwrap();
        assert_eq!(names.iter().map(String::len).collect::<Vec<_>>(), [64, 64, 64]);
        assert_ne!(names[0], names[1]);
        assert_eq!(names[2], "y".repeat(64));
    }

    #[test]
    fn fitted_mcp_tool_names_do_not_depend_on_their_order() {
        let mut forward = named("", &["a.b", "a_b", "a/b"]).unwrap();
        let mut backward = named("", &["a/b", "a_b", "a.b"]).unwrap();
        assert_eq!(forward[1], "a_b");
        forward.sort();
        forward.dedup();
        backward.sort();
        assert_eq!(forward, backward);
    }

    #[test]
    fn unusable_mcp_tool_names_are_refused_with_the_server() {
        for (names, kind, says) in [
            (&["a", ""][..], ErrorKind::Decode, "`files` lists a tool without a name"),
            (&["a", "b", "a"], ErrorKind::Decode, "`files` lists the tool `a` twice"),
            (&["search"], ErrorKind::Config, "the tool `search` of the MCP server `files` is already in the toolbox"),
        ] {
            let error = named("", names).unwrap_err();
            assert!(error.kind() == kind && error.message().contains(says), "{error}");
        }
        assert_eq!(named("files_", &["search"]).unwrap(), ["files_search"]);
    }
}
