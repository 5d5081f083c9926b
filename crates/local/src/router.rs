//! Finds out which service a request is for and puts its answer on the wire.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::Response,
};

use crate::{
    endpoint::{Context, Endpoint},
    services::{cloudformation, s3, ssm, sts},
    wire::{Form, Refusal, Xml},
};

/// The largest request body: template uploads are 1 MB, asset uploads of a few tens.
const LARGEST_BODY: usize = 256 * 1024 * 1024;

const CLOUDFORMATION: &str = "http://cloudformation.amazonaws.com/doc/2010-05-15/";
const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A request, read whole.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// A header's value, when it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Region and service of the signature, `Credential=KEY/20261123/us-east-1/cloudformation/aws4_request`, from the
    /// header or, for a presigned URL, from the query.
    fn scope(&self) -> Option<(String, String)> {
        let authorization = self.header("authorization").unwrap_or_default();
        let query = Form::parse(self.uri.query().unwrap_or_default().as_bytes());
        let credential = authorization
            .split_once("Credential=")
            .map(|(_, rest)| rest)
            .or_else(|| query.get("X-Amz-Credential"))?;
        let mut parts = credential.split([',', ' ']).next()?.split('/').skip(2);
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    }
}

/// Answers a request.
pub(crate) async fn answer(endpoint: Arc<Endpoint>, request: Request) -> Response {
    let request_id = endpoint.request_id();
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        let refusal = Refusal::new("RequestEntityTooLarge", "The request cannot be read whole");
        return failure(CLOUDFORMATION, &refusal.with_status(413), &request_id);
    };
    let call = Call {
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body: body.into(),
    };
    let scope = call.scope();
    let region = match &scope {
        Some((region, _)) if !region.is_empty() => region.clone(),
        _ => endpoint.options.region.clone(),
    };
    let context = Context {
        endpoint: &endpoint,
        region,
        request_id,
        now: endpoint.now(),
    };
    let target = call.header("x-amz-target").unwrap_or_default();
    if let Some(operation) = target.strip_prefix("AmazonSSM.") {
        return ssm::answer(&context, operation, &call.body);
    }
    let signed_for_s3 = scope.is_some_and(|(_, service)| service == "s3");
    if let (false, Some(form)) = (signed_for_s3, query_form(&call)) {
        return query(&context, &form);
    }
    s3::answer(&context, &call)
}

/// The form of a Query protocol call, when it is one.
fn query_form(call: &Call) -> Option<Form> {
    if call.uri.path() != "/" {
        return None;
    }
    let text = if call.method == Method::POST {
        call.body.as_slice()
    } else {
        call.uri.query().unwrap_or_default().as_bytes()
    };
    let form = Form::parse(text);
    form.get("Action").is_some().then_some(form)
}

fn query(context: &Context<'_>, form: &Form) -> Response {
    let action = form.get("Action").unwrap_or_default();
    let is_sts = form.get("Version") == Some("2011-06-15");
    let namespace = if is_sts { STS } else { CLOUDFORMATION };
    let result = if context.endpoint.options.faults.denied.contains(action) {
        Err(denied(context, is_sts, action))
    } else if is_sts {
        sts::answer(context, action)
    } else {
        cloudformation::answer(context, action, form)
    };
    match result {
        Ok(content) => {
            let text = Xml::document(&format!("{action}Response"), namespace, |xml| {
                content.write(action, xml);
                xml.element("ResponseMetadata", |xml| {
                    xml.text("RequestId", &context.request_id);
                });
            });
            xml(StatusCode::OK, text, &context.request_id)
        }
        Err(refusal) => failure(namespace, &refusal, &context.request_id),
    }
}

/// What AWS says to someone who may not make a call.
fn denied(context: &Context<'_>, is_sts: bool, action: &str) -> Refusal {
    let service = if is_sts { "sts" } else { "cloudformation" };
    let account = context.account();
    Refusal::new(
        "AccessDenied",
        format!(
            "User: arn:aws:iam::{account}:user/reader is not authorized to perform: {service}:{action}"
        ),
    )
    .with_status(403)
}

fn failure(namespace: &str, refusal: &Refusal, request_id: &str) -> Response {
    let text = Xml::document("ErrorResponse", namespace, |xml| {
        xml.element("Error", |xml| {
            xml.text(
                "Type",
                if refusal.is_ours() {
                    "Receiver"
                } else {
                    "Sender"
                },
            );
            xml.text("Code", refusal.code);
            xml.text("Message", &refusal.message);
        });
        xml.text("RequestId", request_id);
    });
    xml(status(refusal.status), text, request_id)
}

fn xml(status: StatusCode, text: String, request_id: &str) -> Response {
    respond(
        status,
        &[
            ("content-type", "text/xml"),
            ("x-amzn-requestid", request_id),
        ],
        text.into_bytes(),
    )
}

pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A response with headers; a header that cannot be one is left out.
pub(crate) fn respond(status: StatusCode, headers: &[(&str, &str)], body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (
            header::HeaderName::from_bytes(name.as_bytes()),
            header::HeaderValue::from_str(value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The content of a Query protocol answer.
pub(crate) struct Content(Option<Xml>);

impl Content {
    /// An answer with a result.
    pub(crate) fn result(write: impl FnOnce(&mut Xml)) -> Self {
        let mut xml = Xml::default();
        write(&mut xml);
        Self(Some(xml))
    }

    /// An answer that only says that it was done.
    pub(crate) fn empty() -> Self {
        Self(None)
    }

    fn write(self, action: &str, xml: &mut Xml) {
        if let Some(content) = self.0 {
            xml.element(&format!("{action}Result"), |xml| xml.append(content));
        }
    }
}
