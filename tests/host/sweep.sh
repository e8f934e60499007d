#!/usr/bin/env bash
# Kills on real hosts. At the beginning of every step in turn: what stands there is safe from outside and keeps its secrets, and the
# end is the machine of an install that nobody disturbed, then the bare one. And at single durable actions, each on a host of its
# own: a few, or with SWEEP=full more than 60 over all steps.
MAILSETUP=build/${RELEASE:-bullseye}-seam/mailsetup
(cd "$(dirname "$0")/../.." && tests/lab/lab build "${RELEASE:-bullseye}" "BUILD=build/${RELEASE:-bullseye}-seam" EXTRA_CFLAGS=-DMAILSETUP_SEAM >&2)
. "$(dirname "$0")/lib.sh"

layer=sweep-$$
drop_layer() {
	[[ ! -d $cache/layers/$layer ]] || lab drop "$layer" || true
}
clean_up() {
	local name
	for name in "${hosts[@]}"; do
		lab halt "$name" >&2
	done
	drop_layer
}

install=(mailsetup install --domain exemple.fr --dkim-bits 2048 --no-verify)
killed_at() { # WHERE CMD...
	on env "MAILSETUP_SEAM_DIE=$1" "${@:2}"
}
unharmed() { # WHAT
	check "$1: a stranger gets nothing" outside tests/host/outside.py 198.51.100.10
	expect_text "$1: user nobody reads no secret" '' on setpriv --reuid=nobody --regid=nogroup --clear-groups \
		sh -c 'grep -rlsE --exclude-dir=archives --exclude=mailsetup "PRIVATE KEY-----|[$]6[$]" /etc /var /run /usr/local /root 2>/dev/null || true'
}
same_as() { # WHAT MANIFEST
	lab manifest "$host" "$scratch/now"
	check "$1" same_machine "$2" "$scratch/now"
}

# --- undisturbed ---

fresh_host
lab manifest "$host" "$scratch/bare"
check 'an install that nobody disturbs' on env MAILSETUP_SEAM_LOG=/run/seam "${install[@]}"
actions=$(on sh -c 'wc -l </run/seam')
early=$(on sed -n 's/^\([0-9]*\) commit-step accounts$/\1/p' /run/seam | head -1)
mapfile -t steps < <(on sed -n 's/^[0-9]* commit-step //p' /run/seam | awk '!seen[$0]++')
lab manifest "$host" "$scratch/installed"
halt

# --- every step in turn ---

fresh_host
begin=("${install[@]}")
for step in "${steps[@]}"; do
	expect_exit 137 "killed at the beginning of $step" killed_at "commit-step $step" "${begin[@]}"
	unharmed "before $step"
	begin=(mailsetup resume --no-verify)
done
check 'at least 18 steps' test "${#steps[@]}" -ge 18
expect_exit 0 'resume comes to the end' on mailsetup resume --no-verify
unharmed 'at the end'
expect_match '(all its ports were asked)' '^5 ports asked' outside tests/host/outside.py 198.51.100.10
same_as 'it is the machine of an undisturbed install' "$scratch/installed"
expect_exit 0 'rollback' on mailsetup rollback --yes
same_as 'it is the bare machine' "$scratch/bare"
halt

# --- single actions ---

points=0
point() { # NUMBER CMD...
	points=$((points + 1))
	expect_exit 137 "killed at action $1 of $2 $3" killed_at "$1" "${@:2}"
	unharmed "after the kill at $1"
	if ((points % 3 == 0)); then
		expect_exit 0 "killed at $1: rollback" on mailsetup rollback --yes
		same_as "killed at $1: rolled back to the bare machine" "$scratch/bare"
	else
		# The parameters are stored by the first actions.
		check "killed at $1: resume" on sh -c 'mailsetup resume --no-verify || exec "$@"' sh "${install[@]}"
		# Of a spamd that the boot of the layer has started, before it had its settings; a rollback takes it along.
		on rmdir --ignore-fail-on-non-empty "$spamd_early" 2>/dev/null || true
		same_as "killed at $1: resumed to the same machine" "$scratch/installed"
	fi
	halt
}
spread() { # FROM TO COUNT
	awk -v a="$1" -v b="$2" -v n="$3" 'BEGIN { for (i = 0; i < n; i++) print int(a + (b - a) * (i + 0.5) / n) }'
}

early_points=1 late_points=3
if [[ ${SWEEP-} == full ]]; then
	early_points=14 late_points=52
fi
for n in $(spread 1 "$early" "$early_points"); do
	fresh_host
	point "$n" "${install[@]}"
done

# What comes after the packages starts from a host that has them.
fresh_host
expect_exit 137 'a host with the packages' killed_at 'commit-step accounts' "${install[@]}"
lab save "$host" "$layer"
boot --layer "$layer"
check '(and its actions to the end)' on env MAILSETUP_SEAM_LOG=/run/seam mailsetup resume --no-verify
late=$(on sh -c 'wc -l </run/seam')
halt
for n in $(spread 1 "$late" "$late_points"); do
	boot --layer "$layer"
	point "$n" mailsetup resume --no-verify
done
echo "# $((${#steps[@]} + points)) kills: at the beginning of each of ${#steps[@]} steps, and at $points of $actions durable actions"
check 'as many points as promised' test "$points" -ge "$((early_points + late_points))"

finish
