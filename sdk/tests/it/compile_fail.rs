//! What must not compile, with the very errors it must fail with.

#[test]
fn no_way_around_the_verifier() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
