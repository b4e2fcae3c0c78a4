#!/usr/bin/env bash
# Gives the three roles of roles.sql their passwords; run once by the container of PostgreSQL, after roles.sql.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --username postgres --dbname ravand \
    --set owner="$OWNER_PASSWORD" --set app="$APP_PASSWORD" --set dispatch="$DISPATCH_PASSWORD" <<'SQL'
ALTER ROLE ravand_owner PASSWORD :'owner';
ALTER ROLE ravand_app PASSWORD :'app';
ALTER ROLE ravand_dispatch PASSWORD :'dispatch';
SQL
