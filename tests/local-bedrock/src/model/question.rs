//! Reading the user's question: places, numbers, and which tool it asks for.

use super::Tool;

/// The parts of a question that can be found by pattern.
#[derive(Debug, Default)]
pub(crate) struct Question {
    pub(crate) text: String,
    pub(crate) places: Vec<String>,
    pub(crate) numbers: Vec<f64>,
}

impl Question {
    pub(crate) fn read(text: &str) -> Self {
        Self { text: text.to_owned(), places: places(text), numbers: numbers(text) }
    }

    /// Returns whether one or more words are in the question, ignoring case.
    pub(crate) fn mentions(&self, words: &str) -> bool {
        let wanted = words.to_lowercase();
        !wanted.is_empty() && self.text.to_lowercase().contains(&wanted)
    }
}

/// Returns the names after "in", "for", "at" and the like, with names added by "and", "or" or a comma. An example is
/// "the weather in New York and Paris", which has two.
fn places(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found: Vec<String> = Vec::new();
    let mut position = 0;
    while let Some(word) = words.get(position) {
        position += 1;
        let lower = word.to_lowercase();
        if !["in", "for", "at", "to", "near", "from", "between"].contains(&lower.as_str()) {
            continue;
        }
        let mut name: Vec<&str> = Vec::new();
        while let Some(next) = words.get(position) {
            let bare = next.trim_matches(|c: char| !c.is_alphanumeric());
            let capital = bare.chars().next().is_some_and(char::is_uppercase);
            let joins = ["and", "or", "&"].contains(&next.to_lowercase().as_str());
            if capital {
                name.push(bare);
                position += 1;
                if next.ends_with([',', ';', '.', '?', '!']) {
                    add(&mut found, &mut name);
                    if next.ends_with(['.', '?', '!']) {
                        break;
                    }
                }
            } else if joins && (!name.is_empty() || !found.is_empty()) {
                add(&mut found, &mut name);
                position += 1;
            } else {
                break;
            }
        }
        add(&mut found, &mut name);
    }
    found
}

fn add(found: &mut Vec<String>, name: &mut Vec<&str>) {
    if !name.is_empty() {
        let place = name.join(" ");
        if !found.contains(&place) {
            found.push(place);
        }
        name.clear();
    }
}

fn numbers(text: &str) -> Vec<f64> {
    let mut found = Vec::new();
    let mut current = String::new();
    let mut before = ' ';
    for c in text.chars().chain([' ']) {
        let starts_negative = c == '-' && current.is_empty() && !before.is_alphanumeric();
        if c.is_ascii_digit() || (c == '.' && !current.is_empty() && !current.contains('.')) || starts_negative {
            current.push(c);
        } else {
            if let Ok(number) = current.trim_end_matches('.').parse::<f64>() {
                found.push(number);
            }
            current.clear();
        }
        before = c;
    }
    found
}

/// Returns the tools that a question asks for, in the order of their declaration: the question has their name, or a
/// distinctive word of it.
pub(crate) fn wanted_tools<'a>(question: &Question, tools: &'a [Tool]) -> Vec<&'a Tool> {
    const GENERAL: [&str; 24] = [
        "get", "set", "do", "run", "make", "create", "fetch", "find", "the", "a", "an", "of", "to", "for", "in",
        "current", "new", "tool", "function", "my", "use", "call", "data", "info",
    ];
    let asked = words(&question.text);
    let wanted: Vec<&Tool> = tools
        .iter()
        .filter(|tool| {
            let name = words(&tool.name);
            let telling: Vec<&String> = name.iter().filter(|word| !GENERAL.contains(&word.as_str())).collect();
            question.mentions(&tool.name) || telling.iter().any(|word| asked.iter().any(|asked| alike(asked, word)))
        })
        .collect();
    let told_to =
        ["use the tool", "call the tool", "use your tool", "call your tool", "use the tools", "call the tools"];
    match (wanted.is_empty(), tools) {
        (true, [only, ..]) if told_to.iter().any(|order| question.mentions(order)) => vec![only],
        _ => wanted,
    }
}

/// Lower-case words of a sentence or an identifier (`getWeather`, `get_weather`).
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for c in text.chars().chain([' ']) {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_lower) {
            if !word.is_empty() {
                out.push(word.to_lowercase());
            }
            word.clear();
        }
        if c.is_alphanumeric() {
            word.push(c);
        }
        was_lower = c.is_lowercase();
    }
    out
}

/// Returns whether two words are equal, or one is the other with an ending ("multiply", "multiplied", "add",
/// "adding").
fn alike(a: &str, b: &str) -> bool {
    let shared = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let (short, long) = (a.chars().count().min(b.chars().count()), a.chars().count().max(b.chars().count()));
    a == b || (shared >= 3 && shared + 1 >= short && long <= short + 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool(name: &str) -> Tool {
        Tool { name: name.to_owned(), description: None, schema: json!({}) }
    }

    #[test]
    fn question_place_is_found_after_a_preposition() {
        assert_eq!(places("What is the weather in Paris?"), ["Paris"]);
        assert_eq!(places("weather in New York and San Francisco, please"), ["New York", "San Francisco"]);
        assert_eq!(places("Compare the weather in Paris, London and São Paulo."), ["Paris", "London", "São Paulo"]);
        assert!(places("I love programming.").is_empty());
    }

    #[test]
    fn question_numbers_keep_sign_and_fraction() {
        assert_eq!(numbers("What is 2+3.5 and -4 of 10-7?"), [2.0, 3.5, -4.0, 10.0, 7.0]);
    }

    #[test]
    fn question_that_names_a_tool_asks_for_it() {
        let tools = [tool("get_weather"), tool("multiply"), tool("getCurrentTime")];
        let names = |text: &str| -> Vec<String> {
            wanted_tools(&Question::read(text), &tools).iter().map(|tool| tool.name.clone()).collect()
        };
        assert_eq!(names("What's the weather like?"), ["get_weather"]);
        assert_eq!(names("Multiply 3 by 4 and tell me the time"), ["multiply", "getCurrentTime"]);
        assert!(names("Tell me a joke").is_empty());
        assert_eq!(names("Please use the tool."), ["get_weather"]);
    }
}
