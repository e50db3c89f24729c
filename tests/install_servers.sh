#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the real servers some tests talk to, and strace, from the distribution, when they are missing and we may;
# with the word "mayan" instead what a Mayan EDMS from the package index needs, with "browser" a Chromium.
# Nothing is removed, started or enabled: each test starts its own server on a free loopback port.
# Never fails: what is missing is said, with the line to type, and the tests that need it skip.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

declare -A PROGRAMS=( # package → a file it brings; a * stands for a version
    [postfix]=/usr/sbin/postfix
    [dovecot-imapd]=/usr/lib/dovecot/imap
    [dovecot-lmtpd]=/usr/lib/dovecot/lmtp
    [postgresql]=/usr/lib/postgresql/*/bin/postgres
    [mariadb-server-core]=/usr/sbin/mariadbd # the server alone: it brings no service
    [swaks]=/usr/bin/swaks
    [strace]=/usr/bin/strace
    [clamav-daemon]=/usr/sbin/clamd # 8 MB; its signatures, which are far more, are neither needed nor fetched
)
SERVICES=(postfix dovecot postgresql clamav-daemon clamav-freshclam)
POLICY=/usr/sbin/policy-rc.d
NO_CLUSTER=/etc/postgresql-common/createcluster.d/no-main-cluster.conf

WANTED=(postfix dovecot-imapd dovecot-lmtpd postgresql mariadb-server-core swaks strace clamav-daemon)
if [ "${1:-}" = mayan ]; then
    PROGRAMS+=([libldap2-dev]=/usr/include/ldap.h [libsasl2-dev]=/usr/include/sasl/sasl.h [gnupg]=/usr/bin/gpg)
    WANTED=(libldap2-dev libsasl2-dev gnupg)
fi

if [ "${1:-}" = browser ]; then
    PROGRAMS+=([chromium]=/usr/bin/chromium)
    WANTED=(chromium)
fi

missing=()
for package in "${WANTED[@]}"; do
    compgen -G "${PROGRAMS[$package]}" >/dev/null || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

give_up() {
    echo "Tests with real servers will skip: ${missing[*]} not installed ($1)." >&2
    echo "To have them:  apt-get install --no-install-recommends --no-remove ${missing[*]}" >&2
    exit 0
}
command -v apt-get >/dev/null || give_up "this machine has no apt-get"
[ "$(id -u)" = 0 ] || give_up "only root may install packages"

made=()
enabled_before=" "
for service in "${SERVICES[@]}"; do
    [ -e "/etc/init.d/$service" ] && enabled_before+="$service "
done
tidy() { for file in "${made[@]}"; do rm -f "$file"; done; }
trap tidy EXIT

if [ ! -e "$POLICY" ]; then # 101: no service may be started by its package
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
    made+=("$POLICY")
fi
if [ ! -e "$NO_CLUSTER" ]; then
    mkdir -p "${NO_CLUSTER%/*}"
    echo 'create_main_cluster = false' >"$NO_CLUSTER"
    made+=("$NO_CLUSTER")
fi
command -v debconf-set-selections >/dev/null &&
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections

log=$(mktemp)
made+=("$log")
install() { apt-get install -y -q --no-install-recommends --no-remove "$@" >>"$log" 2>&1 </dev/null; }

echo "Installing ${missing[*]} for the tests (nothing is started, enabled or removed) ..."
if ! install "${missing[@]}"; then
    apt-get update -q >>"$log" 2>&1 || true
    if ! install "${missing[@]}"; then # one that cannot be had must not keep the others away
        for package in "${missing[@]}"; do install "$package" || true; done
    fi
fi

for service in "${SERVICES[@]}"; do # what was there before stays as it was
    case "$enabled_before" in *" $service "*) continue ;; esac
    [ -e "/etc/init.d/$service" ] || continue
    for unit in "$service.service" "$service.socket"; do
        deb-systemd-helper disable "$unit" >>"$log" 2>&1 || true
    done
    update-rc.d "$service" disable >>"$log" 2>&1 || true
done

still=()
for package in "${missing[@]}"; do
    compgen -G "${PROGRAMS[$package]}" >/dev/null || still+=("$package")
done
missing=("${still[@]}")
if [ ${#missing[@]} -gt 0 ]; then
    tail -n 5 "$log" >&2
    give_up "apt-get could not"
fi
