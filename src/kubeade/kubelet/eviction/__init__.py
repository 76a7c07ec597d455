"""When a node runs short of memory, disk or processes: conditions, reclaiming, and who has to go."""
