# Makes the registry's program as a tree for /opt/pushless that needs nothing outside of it: Node with its libraries, the
# server, a static busybox. For a builder of Nix: variables are its attributes.
#
#   out       where the tree goes
#   node      Node's executable
#   busybox   a static busybox
#   app       the server: dist, web and package.json, as nix/package.nix has them
#   main      its first file, in there
#   PATH      with patchelf, and the usual commands
set -eu
home=/opt/pushless

mkdir -p "$out/bin" "$out/lib"
cp -RL "$app" "$out/app"
cp -L "$busybox" "$out/bin/busybox"
cp -L "$node" "$out/bin/node"
chmod -R u+w "$out"

loader=$(patchelf --print-interpreter "$out/bin/node")
cp -L "$loader" "$out/lib/${loader##*/}"
# "libm.so.6 => /lib/libm.so.6 (0x...)": of all libraries, those of libraries too
"$loader" --list "$node" | while read -r name arrow path rest; do
  if [ "$arrow" = '=>' ]; then cp -L "$path" "$out/lib/$name"; fi
done
chmod -R u+w "$out"
patchelf --set-interpreter "$home/lib/${loader##*/}" --force-rpath --set-rpath "$home/lib" "$out/bin/node"
for library in "$out"/lib/*; do
  case "$library" in
    */ld-*) ;;
    # One that was made elsewhere may name other directories, which count before Node's.
    *) patchelf --force-rpath --set-rpath "$home/lib" "$library" ;;
  esac
done

cat >"$out/bin/pushless" <<END
#!$home/bin/busybox sh
exec $home/bin/node --disable-warning=ExperimentalWarning $home/app/$main "\$@"
END
chmod 0755 "$out/bin/pushless"
