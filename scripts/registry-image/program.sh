# Builds the part of the server: the files of its npm package, and the program that runs them.
set -eu
mkdir -p "$out/bin"
cp -R "$app" "$out/app"
cat >"$out/bin/pushless" <<END
#!/bin/busybox sh
exec $home/bin/node --disable-warning=ExperimentalWarning $home/app/dist/main.js "\$@"
END
chmod 0555 "$out/bin/pushless"
