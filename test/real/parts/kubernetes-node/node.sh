#!/bin/bash
# node.sh: the first process of a node, in PID, mount and network namespaces of its own. All that it starts ends with it, and
# what it mounts is seen by nobody else. Environment: HOME_FOLDER, KUBERNETES (the binary), ADDRESS, GATEWAY, NODE_NAME,
# KUBELET_FLAGS (separated by spaces).
set -euo pipefail
cd "$HOME_FOLDER"

mount --make-rshared /
mount --bind log /var/log
mount --bind lib /var/lib
mount -t tmpfs tmpfs /run
# A loop device is free again when nothing has it mounted any more.
while read -r image path; do mkdir -p "$path"; mount -o loop "$image" "$path"; done <disks
# The kubelet writes kernel settings that it finds otherwise. They are the whole machine's, so it finds them as it wants them.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=sysctl-${setting//[\/=]/-}
  echo "${setting#*=}" >"$file"
  [ -e "/proc/sys/${setting%=*}" ] && mount --bind "$file" "/proc/sys/${setting%=*}"
done

ip link set lo up
until ip link show uplink >/dev/null 2>&1; do sleep 0.05; done
ip addr add "$ADDRESS" dev uplink
ip link set uplink up
ip route add default via "$GATEWAY"

containerd --config containerd.toml >containerd.log 2>&1 &
until ctr --address containerd.sock version >/dev/null 2>&1; do sleep 0.05; done
for image in images/*.tar; do ctr --address containerd.sock --namespace k8s.io images import "$image" >>import.log 2>&1; done
"$KUBERNETES" kubelet --config=kubelet.yaml --kubeconfig=kubeconfig --hostname-override="$NODE_NAME" --node-ip="${ADDRESS%/*}" \
  --minimum-container-ttl-duration=1m --v=2 $KUBELET_FLAGS >kubelet.log 2>&1 &
wait -n
