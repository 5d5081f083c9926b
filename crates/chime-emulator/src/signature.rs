//! Whether a request is signed for this service, and for which region. The signature itself is not checked.

use axum::http::{HeaderMap, header};

use crate::refusal::{Exception, Refusal};

/// The [regions](https://docs.aws.amazon.com/general/latest/gr/chime-sdk.html) that have an endpoint of the service.
const REGIONS: [&str; 12] = [
    "af-south-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-2",
    "il-central-1",
    "us-east-1",
    "us-west-2",
];

/// The region a request is signed for, `AWS4-HMAC-SHA256 Credential=KEY/20261129/us-east-1/chime/aws4_request, …`.
pub(crate) fn region(headers: &HeaderMap) -> Result<&'static str, Refusal> {
    let forbidden = |message: &str| Refusal::new(Exception::Forbidden, message);
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        let message = "The request must be signed (AWS4-HMAC-SHA256)";
        return Err(Refusal::new(Exception::Unauthorized, message));
    };
    let text = authorization.to_str().unwrap_or_default();
    let Some(fields) = text.strip_prefix("AWS4-HMAC-SHA256 ") else {
        return Err(forbidden("The request must be signed by AWS4-HMAC-SHA256"));
    };
    let field = |wanted: &str| {
        let mut fields = fields
            .split(',')
            .filter_map(|field| field.trim().split_once('='));
        fields.find_map(|(name, value)| (name == wanted).then_some(value))
    };
    let (Some(credential), Some(signed), Some(signature)) = (
        field("Credential"),
        field("SignedHeaders"),
        field("Signature"),
    ) else {
        let message = "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature'";
        return Err(forbidden(message));
    };
    let parts: Vec<&str> = credential.split('/').collect();
    let [key, date, region, service, "aws4_request"] = parts[..] else {
        return Err(forbidden(
            "Credential should be KEY/DATE/REGION/chime/aws4_request",
        ));
    };
    let is_signature = signature.len() == 64
        && signature
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if key.is_empty() || !is_signature || !signed.split(';').any(|name| name == "host") {
        return Err(forbidden("The signature is incomplete"));
    }
    let signed_at = headers.get("x-amz-date").and_then(|at| at.to_str().ok());
    if date.is_empty() || !signed_at.is_some_and(|at| at.starts_with(date)) {
        return Err(forbidden(
            "Date in Credential scope does not match that of X-Amz-Date",
        ));
    }
    if service != "chime" {
        return Err(forbidden(
            "Credential should be scoped to correct service: 'chime'",
        ));
    }
    let known = REGIONS.into_iter().find(|known| *known == region);
    known.ok_or_else(|| {
        forbidden("Credential should be scoped to a region that has Chime SDK meetings")
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKID/20261129/eu-west-2/chime/aws4_request, \
        SignedHeaders=host;x-amz-date, Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn seen(authorization: &str, date: &str) -> Result<&'static str, Exception> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(authorization).expect("a header");
        headers.insert(header::AUTHORIZATION, value);
        headers.insert("x-amz-date", HeaderValue::from_str(date).expect("a header"));
        region(&headers).map_err(|refusal| refusal.exception)
    }

    #[test]
    fn a_request_is_signed_in_form_for_this_service_and_a_region_that_has_it() {
        let date = "20261129T101500Z";
        assert_eq!(seen(GOOD, date), Ok("eu-west-2"));
        assert_eq!(
            seen(&GOOD.replace(", ", ","), date),
            Ok("eu-west-2"),
            "blanks are optional"
        );
        let refused =
            |text: &str| assert_eq!(seen(text, date), Err(Exception::Forbidden), "{text}");
        refused("Bearer abc");
        refused(&GOOD.replace("AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 "));
        refused(&GOOD.replace("/chime/", "/s3/"));
        refused(&GOOD.replace("/eu-west-2/", "/eu-west-1/"));
        refused(&GOOD.replace("aws4_request", "aws5_request"));
        refused(&GOOD.replace("AKID/", ""));
        refused(&GOOD.replace("AKID/", "/"));
        refused(&GOOD.replace("Signature=0", "Signature="));
        refused(&GOOD.replace("Signature=0", "Signature=x"));
        refused(&GOOD.replace("host;", ""));
        refused(&GOOD.replace("SignedHeaders", "Headers"));
        refused(&GOOD.replace("20261129", ""));
        refused("AWS4-HMAC-SHA256 ");
        assert_eq!(seen(GOOD, "20261130T000000Z"), Err(Exception::Forbidden));
        assert_eq!(
            region(&HeaderMap::new()).map_err(|refusal| refusal.exception),
            Err(Exception::Unauthorized)
        );
    }
}
