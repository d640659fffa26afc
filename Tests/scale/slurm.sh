#!/usr/bin/env bash
# A Slurm of N nodes on this machine, as root, without systemd, munge or cgroups, for tests only: auth/none trusts every
# local user, and the daemons listen on the loopback address alone. Everything lies in DIR. Each node has one processor and
# two pretended GPUs.
#   slurm.sh start DIR [NODES]     then: export SLURM_CONF=DIR/slurm.conf
#   slurm.sh stop DIR
set -euo pipefail
command=$1 dir=$(realpath -m "$2") nodes=${3:-2}
if [ "$command" = stop ]; then
  alive() { while read -r pid; do if kill "$1" "$pid" 2>/dev/null; then echo "$pid"; fi; done < "$dir/pids"; }
  alive -TERM > /dev/null
  for _ in $(seq 50); do [ -n "$(alive -0)" ] || exit 0; sleep 0.1; done
  alive -KILL > /dev/null
  exit 0
fi
mkdir -p "$dir"/{state,spool,log}
host=$(hostname -s)
memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
base=$((20000 + $$ % 20000))
{
  cat <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$base
SlurmUser=root
AuthType=auth/none
CredType=cred/none
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
MinJobAge=3600
KillWait=5
MaxArraySize=4
GresTypes=gpu
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
CONF
  for n in $(seq "$nodes"); do
    echo "NodeName=n$n NodeHostname=$host NodeAddr=127.0.0.1 Port=$((base + n)) CPUs=1 RealMemory=$((memory / nodes)) Gres=gpu:2 State=UNKNOWN"
  done
  echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP"
} > "$dir/slurm.conf"
cat > "$dir/gres.conf" <<CONF
AutoDetect=off
NodeName=n[1-$nodes] Name=gpu File=/dev/null
NodeName=n[1-$nodes] Name=gpu File=/dev/zero
CONF
export SLURM_CONF=$dir/slurm.conf
: > "$dir/pids"
setsid slurmctld -D > "$dir/log/slurmctld.out" 2>&1 < /dev/null & echo $! >> "$dir/pids"
for n in $(seq "$nodes"); do
  mkdir -p "$dir/spool/n$n"
  setsid slurmd -D -N "n$n" > "$dir/log/slurmd-n$n.out" 2>&1 < /dev/null & echo $! >> "$dir/pids"
done
for _ in $(seq 100); do
  if [ "$(sinfo -h -N -o %T 2>/dev/null | grep -c '^idle')" = "$nodes" ]; then exit 0; fi
  sleep 0.2
done
echo "Slurm did not come up:" >&2; tail -n 5 "$dir"/log/* >&2; exit 1
