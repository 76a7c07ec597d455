"""The heartbeat shared by every loop: informer, work queue, controller, leader election, events."""
