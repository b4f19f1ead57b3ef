//! The words of an `--arg`: names, quoted texts, symbols.

use std::str::Chars;

/// A value as it was typed.
pub(super) enum Literal {
    Quoted(String),
    Bare(String),
}

impl Literal {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Quoted(text) | Self::Bare(text) => text.clone(),
        }
    }

    pub(super) fn number(&self) -> Result<i64, String> {
        match self {
            Self::Bare(text) => text.parse().map_err(|_| format!("expected a whole number, got `{text}`")),
            Self::Quoted(text) => Err(format!("expected a whole number, got \"{text}\"")),
        }
    }
}

pub(super) enum Token {
    Name(String),
    Quoted(String),
    Symbol(&'static str),
}

impl Token {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Name(text) => format!("`{text}`"),
            Self::Quoted(text) => format!("\"{text}\""),
            Self::Symbol(text) => format!("`{text}`"),
        }
    }
}

pub(super) fn shown(word: Option<&Token>) -> String {
    word.map_or_else(|| "the end".into(), Token::shown)
}

pub(super) struct Words<'a> {
    rest: Chars<'a>,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { rest: text.chars() }
    }

    pub(super) fn peek(&mut self) -> Option<char> {
        let text = self.rest.as_str().trim_start();
        self.rest = text.chars();
        text.chars().next()
    }

    fn take(&mut self, symbol: &'static str) -> bool {
        match self.rest.as_str().strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest.chars();
                true
            }
            None => false,
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Token>, String> {
        let Some(first) = self.peek() else { return Ok(None) };
        if first == '"' {
            return self.quoted().map(Some);
        }
        for symbol in ["<=", ">=", "==", "=", "<", ">", ",", "(", ")"] {
            if self.take(symbol) {
                return Ok(Some(Token::Symbol(if symbol == "==" { "=" } else { symbol })));
            }
        }
        let text = self.rest.as_str();
        let end = text.find(|c: char| c.is_whitespace() || "<>=,()\"".contains(c)).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest.chars();
        Ok(Some(Token::Name(word.to_owned())))
    }

    fn quoted(&mut self) -> Result<Token, String> {
        self.rest.next();
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return Ok(Token::Quoted(text)),
                '\\' => text.extend(self.rest.next()),
                c => text.push(c),
            }
        }
        Err("a quote is not closed".into())
    }

    pub(super) fn value(&mut self) -> Result<Literal, String> {
        match self.next()? {
            Some(Token::Quoted(text)) => Ok(Literal::Quoted(text)),
            Some(Token::Name(text)) => Ok(Literal::Bare(text)),
            other => Err(format!("expected a value, got {}", shown(other.as_ref()))),
        }
    }

    pub(super) fn list(&mut self) -> Result<Vec<Literal>, String> {
        let Some(Token::Symbol("(")) = self.next()? else { return Err("expected `(` after `in`".into()) };
        let mut values = Vec::new();
        loop {
            values.push(self.value()?);
            match self.next()? {
                Some(Token::Symbol(")")) => return Ok(values),
                Some(Token::Symbol(",")) => {}
                other => return Err(format!("expected `,` or `)`, got {}", shown(other.as_ref()))),
            }
        }
    }
}
