use bytes::{Buf, BufMut};
use futures_core::Stream;
use hallpass_core::{Answer, RequestHead};
use hallpass_login::Audience;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;

/// How many bytes of a body are read.
pub const MAX_BODY: usize = 16 * 1024;

/// A submitted form, or its equivalent in JSON: the same fields for pages and for programs.
#[derive(Debug)]
pub struct Form {
    audience: Audience,
    fields: Result<Fields, FormError>,
}

impl Form {
    /// Reads the body of the request with this head. What is wrong with it is told to who asks for a field.
    pub async fn read<B: Buf, E>(head: &impl RequestHead, body: impl Stream<Item = Result<B, E>>) -> Self {
        let fields = collect(body).await.and_then(|body| Fields::parse(&content_type(head), &body));
        Self { audience: hallpass_login::audience(head), fields }
    }

    /// Who sent it.
    #[must_use]
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// A text that has to be there.
    ///
    /// # Errors
    ///
    /// When the form cannot be read, or this field is missing or no text.
    pub fn text(&self, name: &'static str) -> Result<&str, FormError> {
        self.optional_text(name)?.ok_or(FormError::Field(name))
    }

    /// A text that may be left out.
    ///
    /// # Errors
    ///
    /// When the form cannot be read, or this field is no text.
    pub fn optional_text(&self, name: &'static str) -> Result<Option<&str>, FormError> {
        match self.field(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(FormError::Field(name)),
        }
    }

    /// A yes or no, "no" if it is left out: a JSON boolean, or what a checkbox sends.
    ///
    /// # Errors
    ///
    /// When the form cannot be read, or this field is neither.
    pub fn flag(&self, name: &'static str) -> Result<bool, FormError> {
        match self.field(name)? {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if !self.is_json()? => parse_flag(text).ok_or(FormError::Field(name)),
            Some(_) => Err(FormError::Field(name)),
        }
    }

    fn field(&self, name: &str) -> Result<Option<&Value>, FormError> {
        let fields = self.fields.as_ref().map_err(|error| *error)?;
        Ok(fields.values.get(name).filter(|value| !value.is_null()))
    }

    fn is_json(&self) -> Result<bool, FormError> {
        self.fields.as_ref().map(|fields| fields.json).map_err(|error| *error)
    }
}

/// Why a form cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormError {
    /// 413: more than [`MAX_BODY`] bytes.
    TooLarge,
    /// 415: neither JSON nor a form.
    MediaType,
    /// 400: not what its media type says.
    Syntax,
    /// 422: this field is missing, mistyped or there twice.
    Field(&'static str),
    /// 422: JSON, but not an object with each field once.
    Shape,
}

impl FormError {
    /// The answer for a program.
    #[must_use]
    pub fn answer(self) -> Answer {
        let (status, code) = match self {
            Self::TooLarge => (413, "body_too_large"),
            Self::MediaType => (415, "unsupported_media_type"),
            Self::Syntax => (400, "malformed_body"),
            Self::Shape => (422, "invalid_body"),
            Self::Field(name) => {
                return Answer::json(422, json!({ "error": "invalid_field", "field": name }).to_string());
            }
        };
        Answer::json(status, json!({ "error": code }).to_string())
    }
}

/// All of the body, whether or not it came with its length.
async fn collect<B: Buf, E>(body: impl Stream<Item = Result<B, E>>) -> Result<Vec<u8>, FormError> {
    let mut body = pin!(body);
    let mut collected = Vec::new();
    while let Some(part) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        let part = part.map_err(|_| FormError::Syntax)?;
        if part.remaining() > MAX_BODY - collected.len() {
            return Err(FormError::TooLarge);
        }
        collected.put(part);
    }
    Ok(collected)
}

#[derive(Debug)]
struct Fields {
    json: bool,
    values: HashMap<String, Value>,
}

impl Fields {
    fn parse(content_type: &str, body: &[u8]) -> Result<Self, FormError> {
        match content_type {
            "application/json" => parse_json(body).map(|values| Self { json: true, values }),
            "application/x-www-form-urlencoded" => {
                parse_form(body).map(|values| Self { json: false, values })
            }
            _ => Err(FormError::MediaType),
        }
    }
}

fn parse_json(body: &[u8]) -> Result<HashMap<String, Value>, FormError> {
    let object: Object = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => FormError::Shape,
        _ => FormError::Syntax,
    })?;
    Ok(object.0)
}

fn parse_form(body: &[u8]) -> Result<HashMap<String, Value>, FormError> {
    let mut values = HashMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        // The parser puts this character in the place of bytes that are not UTF-8, which would change a password.
        if name.contains(char::REPLACEMENT_CHARACTER) || value.contains(char::REPLACEMENT_CHARACTER) {
            return Err(FormError::Syntax);
        }
        if values.insert(name.into_owned(), Value::String(value.into_owned())).is_some() {
            return Err(FormError::Shape);
        }
    }
    Ok(values)
}

/// What browsers send for a checkbox, and its equivalents.
fn parse_flag(text: &str) -> Option<bool> {
    match text {
        "on" | "true" | "1" => Some(true),
        "" | "off" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// The media type in lower case without its parameters; empty if there is none, or more than one.
fn content_type(head: &impl RequestHead) -> String {
    let mut values = Vec::new();
    head.for_each_value("content-type", &mut |value| {
        values.push(String::from_utf8_lossy(value).into_owned())
    });
    let [value] = values.as_slice() else { return String::new() };
    let media_type = value.split_once(';').map_or(value.as_str(), |(media_type, _)| media_type);
    media_type.trim().to_ascii_lowercase()
}

/// A JSON object in which no name is there twice: parsers differ in which of two values counts.
struct Object(HashMap<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor).map(Self)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = HashMap<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut values = HashMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if values.insert(name, value).is_some() {
                return Err(M::Error::custom("a name is there twice"));
            }
        }
        Ok(values)
    }
}
