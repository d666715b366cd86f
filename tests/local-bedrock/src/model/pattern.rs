//! Returns a string that matches a simple regular expression, as JSON schemas have them.

/// Returns a string that matches `pattern`. `None` if the pattern uses more than literals, classes, groups,
/// alternatives (the first is used) and quantifiers.
pub(crate) fn example(pattern: &str) -> Option<String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut reader = Reader { chars: &chars, at: 0 };
    let out = reader.alternatives()?;
    (reader.at == chars.len()).then_some(out)
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, c: char) -> bool {
        let there = self.peek() == Some(c);
        self.at += usize::from(there);
        there
    }

    fn alternatives(&mut self) -> Option<String> {
        let first = self.sequence()?;
        while self.eat('|') {
            self.sequence()?;
        }
        Some(first)
    }

    fn sequence(&mut self) -> Option<String> {
        let mut out = String::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            self.at += 1;
            let atom = match c {
                '^' | '$' => continue,
                '(' => {
                    if self.eat('?') && !self.eat(':') {
                        return None;
                    }
                    let inner = self.alternatives()?;
                    self.eat(')').then_some(inner)?
                }
                '[' => self.class()?.to_string(),
                '.' => "x".to_owned(),
                '\\' => self.escape()?.to_string(),
                '*' | '+' | '?' | '{' => return None,
                literal => literal.to_string(),
            };
            let times = self.quantifier()?;
            out.push_str(&atom.repeat(times));
        }
        Some(out)
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            'd' => '1',
            'w' => 'a',
            's' => ' ',
            'S' | 'D' | 'W' => '-',
            'b' | 'B' => return None,
            literal => literal,
        })
    }

    fn class(&mut self) -> Option<char> {
        if self.eat('^') {
            return None;
        }
        let first = match self.next()? {
            '\\' => self.escape()?,
            c => c,
        };
        while self.next()? != ']' {}
        Some(first)
    }

    /// Returns how often to repeat: the minimum, but once if the minimum is 0.
    fn quantifier(&mut self) -> Option<usize> {
        let times = match self.peek() {
            Some('*' | '+' | '?') => {
                self.at += 1;
                1
            }
            Some('{') => {
                self.at += 1;
                let mut digits = String::new();
                while let Some(c) = self.peek().filter(char::is_ascii_digit) {
                    digits.push(c);
                    self.at += 1;
                }
                while self.next()? != '}' {}
                digits.parse().ok().filter(|n| *n <= 1_000)?
            }
            _ => return Some(1),
        };
        // A lazy mark after a quantifier.
        self.eat('?');
        Some(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_example_exists_for_simple_patterns() {
        for (pattern, wanted) in [
            ("^[A-Z]{3}$", "AAA"),
            (r"^\d{4}-\d{2}-\d{2}$", "1111-11-11"),
            ("^(red|green)$", "red"),
            ("^[a-z]+@[a-z]+\\.com$", "a@a.com"),
            ("^(?:ab){2}c?$", "ababc"),
        ] {
            assert_eq!(example(pattern).as_deref(), Some(wanted));
        }
        for pattern in ["^(?=x)", "[^a]", "a{", "(", "*"] {
            assert_eq!(example(pattern), None, "{pattern}");
        }
    }
}
