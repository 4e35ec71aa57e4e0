"""What gunicorn reads by itself when it is started here."""


def post_worker_init(worker: object) -> None:
    """Each process holds an index of its own, and reads it while the first requests come in."""
    from dashboards.warming import begin

    begin()
