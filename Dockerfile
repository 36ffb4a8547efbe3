FROM python:3.11-slim-bookworm
WORKDIR /srv/voxhouse
COPY requirements requirements
# misaki's metadata excludes newer Pythons without need; see requirements/install.sh.
RUN pip install --no-cache-dir --ignore-requires-python --require-hashes -r requirements/runtime.txt
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
 && useradd --system --home-dir /var/lib/voxhouse --create-home voxhouse
USER voxhouse
ENV VOXHOUSE_HOME=/var/lib/voxhouse PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
