//! Finds out which service a request is for and puts its answer on the wire.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::Response,
};

use crate::{
    access,
    calls::{self, CallFault, Trouble},
    endpoint::{Context, Endpoint},
    services::{cloudformation, iam, json::JsonService, s3, sts},
    wire::{Form, Refusal, Xml},
};

/// The largest request body: template uploads are 1 MB, asset uploads of a few tens.
const LARGEST_BODY: usize = 256 * 1024 * 1024;

const CLOUDFORMATION: &str = "http://cloudformation.amazonaws.com/doc/2010-05-15/";
const IAM: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
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

/// What becomes of a request.
pub(crate) enum Reply {
    /// It is answered.
    Whole(Response),
    /// It is answered, and the connection breaks in the middle of that.
    Cut(Response),
    /// The connection breaks without an answer.
    Lost,
}

/// Answers a request, or does to it what the scenario says.
pub(crate) async fn answer(endpoint: Arc<Endpoint>, request: Request) -> Reply {
    answer_with(endpoint, request, None).await
}

/// The same, with trouble that goes before any of the scenario.
pub(crate) async fn answer_with(
    endpoint: Arc<Endpoint>,
    request: Request,
    trouble: Option<Trouble>,
) -> Reply {
    let request_id = endpoint.request_id();
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        let refusal = Refusal::new("RequestEntityTooLarge", "The request cannot be read whole");
        return Reply::Whole(failure(
            CLOUDFORMATION,
            &refusal.with_status(413),
            &request_id,
        ));
    };
    let call = Call {
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body: body.into(),
    };
    let region = match call.scope() {
        Some((region, _)) if !region.is_empty() => region,
        _ => endpoint.options.region.clone(),
    };
    let wanted = Wanted::of(&call);
    let faults = endpoint.faults();
    let fate = endpoint.calls.fate(&faults.calls, wanted.operation());
    if !fate.latency.is_zero() {
        tokio::time::sleep(fate.latency).await;
    }
    let context = Context {
        endpoint: &endpoint,
        region,
        request_id,
        now: endpoint.now(),
    };
    for other in fate.others {
        let (action, fields) = other.call();
        // Someone else may fail too; that is theirs to see.
        let _ = cloudformation::answer(&context, action, &Form::of(&fields));
    }
    if let Some(trouble) = trouble.or(fate.trouble) {
        return trouble_with(trouble, &context, &wanted, &call).await;
    }
    if let Some(refusal) = access::refusal(&context, &call, &wanted) {
        return Reply::Whole(wanted.refuse(&context, &call, &refusal));
    }
    let response = wanted.answer(&context, &call);
    Reply::Whole(remembered(&context, &wanted, &call, response).await)
}

/// What a request asks for.
pub(crate) enum Wanted {
    Json(JsonService, String),
    Query(Form),
    S3(&'static str),
}

impl Wanted {
    pub(crate) fn of(call: &Call) -> Self {
        let target = call.header("x-amz-target").unwrap_or_default();
        if let Some((service, operation)) = JsonService::of(target) {
            return Self::Json(service, operation.to_owned());
        }
        let signed_for_s3 = call.scope().is_some_and(|(_, service)| service == "s3");
        match query_form(call) {
            Some(form) if !signed_for_s3 => Self::Query(form),
            _ => Self::S3(s3::operation(call)),
        }
    }

    /// What policies call the service.
    pub(crate) fn service(&self) -> &'static str {
        match self {
            Self::Json(service, _) => service.prefix(),
            Self::Query(form) => service(form),
            Self::S3(_) => "s3",
        }
    }

    /// The name of the operation.
    pub(crate) fn operation(&self) -> &str {
        match self {
            Self::Json(_, operation) => operation,
            Self::Query(form) => form.get("Action").unwrap_or_default(),
            Self::S3(operation) => operation,
        }
    }

    fn answer(&self, context: &Context<'_>, call: &Call) -> Response {
        match self {
            Self::Json(service, operation) => service.answer(context, operation, &call.body),
            Self::Query(form) => query(context, call, form),
            Self::S3(_) => s3::answer(context, call),
        }
    }

    /// A refusal in the words of the service that is asked.
    fn refuse(&self, context: &Context<'_>, call: &Call, refusal: &Refusal) -> Response {
        match self {
            Self::Json(service, _) => service.refused(context, refusal),
            Self::Query(form) => failure(namespace(form), refusal, &context.request_id),
            Self::S3(_) => s3::refused(context, call, refusal),
        }
    }

    /// The refusal when what is named is not there.
    fn absence(&self) -> Option<Refusal> {
        let Self::Query(form) = self else {
            return None;
        };
        let field = |name| form.get(name).unwrap_or_default();
        calls::absence(field("Action"), field("StackName"), field("ChangeSetName"))
    }
}

/// Does to a call what the scenario says.
async fn trouble_with(
    trouble: Trouble,
    context: &Context<'_>,
    wanted: &Wanted,
    call: &Call,
) -> Reply {
    if let Some(refusal) = trouble.refusal() {
        return Reply::Whole(wanted.refuse(context, call, &refusal));
    }
    match (trouble, wanted.absence()) {
        (Trouble::LostBefore, _) => return Reply::Lost,
        (Trouble::Absent, Some(refusal)) => {
            return Reply::Whole(wanted.refuse(context, call, &refusal));
        }
        (Trouble::Stale, _) if calls::only_reads(wanted.operation()) => {
            if let Some((code, body)) = context.endpoint.calls.last(&call.body) {
                return Reply::Whole(respond(status(code), &[("content-type", "text/xml")], body));
            }
        }
        _ => {}
    }
    let response = wanted.answer(context, call);
    let response = remembered(context, wanted, call, response).await;
    match trouble {
        Trouble::LostAfter => Reply::Lost,
        Trouble::Cut => Reply::Cut(response),
        _ => Reply::Whole(response),
    }
}

/// Keeps the answer to a call that only reads, where a scenario may give it again.
async fn remembered(
    context: &Context<'_>,
    wanted: &Wanted,
    call: &Call,
    response: Response,
) -> Response {
    let faults = context.endpoint.faults();
    let rules = &faults.calls;
    let is_stale = |rule: &CallFault| rule.trouble == Some(Trouble::Stale);
    let is_wanted = matches!(wanted, Wanted::Query(_)) && calls::only_reads(wanted.operation());
    if !is_wanted || !rules.iter().any(is_stale) {
        return response;
    }
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX)
        .await
        .expect("answers are whole texts in memory");
    let calls = &context.endpoint.calls;
    calls.keep(&call.body, head.status.as_u16(), &body);
    Response::from_parts(head, Body::from(body))
}

fn namespace(form: &Form) -> &'static str {
    match form.get("Version") {
        Some("2011-06-15") => STS,
        Some("2010-05-08") => IAM,
        _ => CLOUDFORMATION,
    }
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

fn query(context: &Context<'_>, call: &Call, form: &Form) -> Response {
    let action = form.get("Action").unwrap_or_default();
    let namespace = namespace(form);
    let result = match namespace {
        STS => sts::answer(context, call, action, form),
        IAM => iam::answer(context, action, form),
        _ => cloudformation::answer(context, action, form),
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

/// The service that a call of the Query protocol is for.
pub(crate) fn service(form: &Form) -> &'static str {
    match namespace(form) {
        STS => "sts",
        IAM => "iam",
        _ => "cloudformation",
    }
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
