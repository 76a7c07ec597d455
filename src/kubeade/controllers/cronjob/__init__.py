"""Makes Jobs by the clock, as CronJobs order (upstream: pkg/controller/cronjob)."""
