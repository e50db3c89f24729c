# SPDX-License-Identifier: GPL-3.0-or-later
"""``web``: the read-only pages."""

from importlib.util import find_spec

import click

from gateway.cli.context import BAD_CONFIGURATION, PROBLEMS, TRY_LATER, UNAVAILABLE, Context, Ended, pass_context


@click.command()
@click.option("--bind", metavar="ADDRESS:PORT", help="Where to serve the pages; overrides the file.")
@pass_context
def web(context: Context, bind: str | None) -> None:
    """Serve read-only pages for clerks and administrators until SIGTERM; needs the extra "web".

    The journal is opened so that the database itself refuses to write.
    """
    if missing := [name for name in ("starlette", "uvicorn") if find_spec(name) is None]:
        raise Ended(f"{' and '.join(missing)} not installed; type: pip install 'edms-gateway[web]'", UNAVAILABLE)
    from sqlalchemy.exc import SQLAlchemyError

    from gateway.journal.reading import ReadOnlyJournal
    from gateway.journal.store import NoJournal, SchemaMismatch
    from gateway.logs import configure_logs
    from gateway.settings import ConfigurationError
    from gateway.settings.web import bound_to
    from gateway.web.application import application
    from gateway.web.serving import bound, server

    settings = context.settings()
    try:
        ours = bound_to(settings.web, bind) if bind else settings.web
        journal = ReadOnlyJournal.open(settings.journal.url)
        door = bound(ours)
    except (ConfigurationError, SchemaMismatch) as error:
        raise Ended(str(error), BAD_CONFIGURATION) from error
    except NoJournal as error:
        raise Ended(str(error), PROBLEMS) from error
    except SQLAlchemyError as error:
        raise Ended(f"the journal is not available: {type(error).__name__}", UNAVAILABLE) from error
    except OSError as error:
        raise Ended(f"cannot serve on {bind or settings.web.bind}: {error.strerror}", TRY_LATER) from error
    host = f"[{ours.host}]" if ":" in ours.host else ours.host
    configure_logs(settings.log.level)
    pages = application(settings.model_copy(update={"web": ours}), journal, context.now)
    try:
        server(pages, lambda: click.echo(f"ready: http://{host}:{door.getsockname()[1]}/", err=True)).run([door])
    finally:
        door.close()
        journal.close()
