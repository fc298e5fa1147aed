//! Parses the arguments between the parentheses of an attribute.

use proc_macro2::Span;
use serde_json::{Map, Number, Value as Json};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, Lit, LitStr, Token, bracketed, parenthesized, token};

/// The options whose values are Rust expressions.
const EXPRESSIONS: [&str; 2] = ["trigger", "args"];

/// `name = value`, or a value without a name.
pub(crate) struct Argument {
    pub(crate) name: Option<Ident>,
    pub(crate) value: Value,
}

/// A value with its place in the source.
pub(crate) enum Value {
    /// A text, a number, true or false.
    Literal(Lit, Json),
    /// A bare word, such as `latest` or `paused`.
    Word(Ident),
    /// A call, such as `cron(hour = 9)`.
    Call(Ident, Vec<Argument>),
    /// A list, such as `["a", "b"]`.
    List(Span, Vec<Self>),
    /// Any other Rust expression.
    Expression(Box<Expr>),
}

/// All arguments of an attribute.
pub(crate) struct Arguments(pub(crate) Vec<Argument>);

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let arguments = Punctuated::<Argument, Token![,]>::parse_terminated(input)?;
        Ok(Self(arguments.into_iter().collect()))
    }
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        // Any identifier, since `crate` is a keyword and an option.
        let has_name = input.peek(Ident::peek_any) && input.peek2(Token![=]);
        if !has_name || input.peek2(Token![==]) {
            let value = input.parse()?;
            return Ok(Self { name: None, value });
        }
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        let value = if EXPRESSIONS.iter().any(|expression| name == expression) {
            Value::Expression(Box::new(input.parse()?))
        } else {
            input.parse()?
        };
        let name = Some(name);
        Ok(Self { name, value })
    }
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(token::Bracket) {
            let content;
            let bracket = bracketed!(content in input);
            let items = Punctuated::<Self, Token![,]>::parse_terminated(&content)?;
            return Ok(Self::List(bracket.span.join(), items.into_iter().collect()));
        }
        if input.peek(Ident::peek_any) && input.peek2(token::Paren) {
            let name = input.call(Ident::parse_any)?;
            let content;
            parenthesized!(content in input);
            return Ok(Self::Call(name, content.parse::<Arguments>()?.0));
        }
        if input.peek(Ident) && !input.peek2(Token![::]) && !input.peek2(Token![.]) {
            return Ok(Self::Word(input.parse()?));
        }
        literal(input)
    }
}

fn literal(input: ParseStream<'_>) -> syn::Result<Value> {
    let is_negative = input.peek(Token![-]) && input.parse::<Token![-]>().is_ok();
    let literal: Lit = input.parse().map_err(|error| {
        syn::Error::new(
            error.span(),
            "expected a text, a number, true, false, a word such as `latest`, a list such as \
             `[\"a\"]`, or a call such as `cron(hour = 9)`",
        )
    })?;
    let json = match &literal {
        Lit::Str(text) => Some(Json::String(text.value())),
        Lit::Bool(flag) => Some(Json::Bool(flag.value)),
        Lit::Int(number) => whole(number, is_negative)?,
        Lit::Float(number) => {
            let number: f64 = number.base10_parse()?;
            Number::from_f64(if is_negative { -number } else { number }).map(Json::Number)
        }
        _ => None,
    };
    let refused = || syn::Error::new(literal.span(), "expected a text, a number, true or false");
    let json = json.ok_or_else(refused)?;
    Ok(Value::Literal(literal, json))
}

fn whole(number: &syn::LitInt, is_negative: bool) -> syn::Result<Option<Json>> {
    let number: i64 = number.base10_parse()?;
    Ok(Some(Json::from(if is_negative { -number } else { number })))
}

impl Value {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Literal(literal, _) => literal.span(),
            Self::Word(word) | Self::Call(word, _) => word.span(),
            Self::List(span, _) => *span,
            Self::Expression(expression) => expression.span(),
        }
    }

    /// Returns the value, if it is a text literal.
    pub(crate) fn text(&self) -> Option<LitStr> {
        match self {
            Self::Literal(Lit::Str(text), _) => Some(text.clone()),
            _ => None,
        }
    }

    /// Returns the value as JSON. A word becomes a text, and a call an object under its name.
    pub(crate) fn json(&self) -> syn::Result<Json> {
        match self {
            Self::Literal(_, json) => Ok(json.clone()),
            Self::Word(word) => Ok(Json::String(word.unraw().to_string())),
            Self::Call(name, arguments) => {
                let fields = object(arguments)?;
                Ok(Json::Object(Map::from_iter([(
                    name.unraw().to_string(),
                    fields,
                )])))
            }
            Self::List(_, items) => items.iter().map(Self::json).collect(),
            Self::Expression(expression) => Err(syn::Error::new(
                expression.span(),
                "expected a literal, since the value is evaluated at compile time",
            )),
        }
    }
}

/// Returns `a = 1, b(c = 2)` as `{"a": 1, "b": {"c": 2}}`.
pub(crate) fn object(arguments: &[Argument]) -> syn::Result<Json> {
    let mut fields = Map::new();
    for argument in arguments {
        let (name, json) = match (&argument.name, &argument.value) {
            (Some(name), value) => (name, value.json()?),
            (None, Value::Call(name, arguments)) => (name, object(arguments)?),
            (None, value) => {
                return Err(syn::Error::new(value.span(), "expected `name = value`"));
            }
        };
        if fields.insert(name.unraw().to_string(), json).is_some() {
            return Err(syn::Error::new(
                name.span(),
                format!("`{name}` is given twice"),
            ));
        }
    }
    Ok(Json::Object(fields))
}
