//! `synth` writes the assembly and answers with its place, or with one template.

use crate::{
    project::{Project, snapshot},
    sample,
};

#[test]
fn the_answer_is_where_the_assembly_is() {
    let project = Project::of_this_repository();
    let outcome = project.run("synth -e staging").ended_with(0);
    assert_eq!(outcome.stdout, "[PROJECT]/.chitinfra/out/staging\n");
    assert!(
        project
            .path(".chitinfra/out/staging/manifest.json")
            .is_file()
    );
}

#[test]
fn one_template_can_be_printed() {
    let project = Project::of_this_repository();
    let outcome = project
        .run("synth -e staging --stdout identity")
        .ended_with(0);
    assert_eq!(
        outcome.stdout,
        project.read(".chitinfra/out/staging/identity.template.json")
    );
}

#[test]
fn a_folder_that_is_no_assembly_is_not_overwritten() {
    let project = Project::of_this_repository();
    project.write("out/precious.txt", "mine");
    let outcome = project.run("synth -e staging -o out").ended_with(2);
    assert_eq!(project.read("out/precious.txt"), "mine");
    snapshot!(outcome, @"
    exit status: 2
    --- stderr
    error: `[PROJECT]/out` holds other things than an assembly, and would be replaced

    hint: name a new or empty folder
    ");
}

#[test]
fn an_assembly_of_another_environment_or_account_is_refused() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write_environment("other", "never", "embedded");
    project.run("plan -e other").ended_with(2).says("`local`");
    project.edit("environments/local.yaml", "000000000000", "111122223333");
    project
        .run("plan -e local")
        .ended_with(2)
        .says("111122223333");
}
