"""`python -m searchapp` is `concord serve`."""

from searchapp.cli import serve

if __name__ == "__main__":
    serve(prog_name="python -m searchapp")
