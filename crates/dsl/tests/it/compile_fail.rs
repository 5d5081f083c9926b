//! Illegal uses do not compile.

#[test]
fn illegal_uses_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
