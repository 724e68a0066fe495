//! Every scenario over stores that outlive the process: all of them on axum, one on each of the others.

use hallpass_behaviour::behaviour_tests;

mod axum_over_sqlite {
    use hallpass_behaviour::adapters::Axum;
    use hallpass_behaviour::fixture::{Kind, Over};

    super::behaviour_tests!(Axum, Over(Kind::SqliteFile));
}

mod axum_over_postgres {
    use hallpass_behaviour::adapters::Axum;
    use hallpass_behaviour::fixture::{Kind, Over};

    // In HALLPASS_TEST_POSTGRES.
    super::behaviour_tests!(Axum, Over(Kind::Postgres), #[ignore = "needs PostgreSQL: run cargo xtask test"]);
}

mod axum_over_redis {
    use hallpass_behaviour::adapters::Axum;
    use hallpass_behaviour::fixture::{Kind, Over};

    // In HALLPASS_TEST_REDIS.
    super::behaviour_tests!(Axum, Over(Kind::Redis), #[ignore = "needs Redis: run cargo xtask test"]);
}

mod actix_over_postgres {
    use hallpass_behaviour::adapters::Actix;
    use hallpass_behaviour::fixture::{Kind, Over};

    super::behaviour_tests!(Actix, Over(Kind::Postgres), #[ignore = "needs PostgreSQL: run cargo xtask test"]);
}

mod warp_over_redis {
    use hallpass_behaviour::adapters::Warp;
    use hallpass_behaviour::fixture::{Kind, Over};

    super::behaviour_tests!(Warp, Over(Kind::Redis), #[ignore = "needs Redis: run cargo xtask test"]);
}
