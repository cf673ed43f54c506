//! The `ecs-refresh` binary: everything is in the library.

fn main() -> std::process::ExitCode {
    ecs_refresh::cli::main()
}
