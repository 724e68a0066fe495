//! The contract of stores, on one server and on a cluster.

mod server {
    hallpass_testkit::store_tests!(
        crate::shared::on_server,
        #[ignore = "needs Redis: run cargo xtask test"]
    );
    hallpass_testkit::resend_tests!(
        crate::shared::on_server,
        #[ignore = "needs Redis: run cargo xtask test"]
    );
}

mod cluster {
    hallpass_testkit::store_tests!(
        crate::shared::on_cluster,
        #[ignore = "needs a Redis Cluster: run cargo xtask test"]
    );
    hallpass_testkit::resend_tests!(
        crate::shared::on_cluster,
        #[ignore = "needs a Redis Cluster: run cargo xtask test"]
    );
}
