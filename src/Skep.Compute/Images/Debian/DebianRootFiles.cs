namespace Skep.Compute.Images.Debian;

/// <summary>Turns a freshly installed Debian into an image: what is one machine's alone goes, what a cloud needs comes.</summary>
internal static class DebianRootFiles
{
    /// <summary>
    /// Background work on a schedule. On an emulated machine it competes with the first minutes of a user's own; all of
    /// it can be switched on again with `systemctl enable`.
    /// </summary>
    private static readonly string[] _disabledUnits =
    [
        "timers.target.wants/apt-daily.timer", "timers.target.wants/apt-daily-upgrade.timer", "timers.target.wants/dpkg-db-backup.timer",
        "timers.target.wants/e2scrub_all.timer", "timers.target.wants/man-db.timer", "multi-user.target.wants/e2scrub_reap.service",
    ];

    /// <summary>Changes the system below <paramref name="root"/>; <paramref name="kernelOptions"/> is its kernel command line.</summary>
    public static void Configure(string root, string kernelOptions)
    {
        RemoveIdentity(root);
        Write(root, "etc/hostname", "debian\n");
        Write(root, "etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
        Write(root, "etc/default/locale", "LANG=C.UTF-8\n");
        // The EFI partition is mounted when somebody looks at it: a boot does not wait for it.
        Write(root, "etc/fstab", """
            LABEL=root / ext4 rw,noatime,errors=remount-ro 0 1
            LABEL=ESP /boot/efi vfat noauto,x-systemd.automount,x-systemd.idle-timeout=60,umask=0077 0 0

            """);
        Directory.CreateDirectory(Path.Combine(root, "boot/efi"));
        // A kernel that apt installs later becomes a boot entry of its own: kernel-install(8).
        Write(root, "etc/kernel/cmdline", kernelOptions + "\n");
        Write(root, "etc/kernel/install.conf", "layout=bls\n");
        Write(root, "etc/kernel/entry-token", "debian\n");
        Write(root, "etc/cloud/cloud.cfg.d/90_skep.cfg", """
            # Where this image was made to run comes first; the others let it run elsewhere too.
            datasource_list: [Ec2, NoCloud, ConfigDrive, None]
            locale: C.UTF-8
            # RSA host keys take many seconds on an emulated machine.
            ssh_genkeytypes: [ed25519, ecdsa]
            grub_dpkg: {enabled: false}

            """);
        foreach (var unit in _disabledUnits)
            File.Delete(Path.Combine(root, "etc/systemd/system", unit));
    }

    private static void RemoveIdentity(string root)
    {
        foreach (var key in Directory.GetFiles(Path.Combine(root, "etc/ssh"), "ssh_host_*"))
            File.Delete(key); // cloud-init makes new ones on the first boot of every instance
        Write(root, "etc/machine-id", "");
        foreach (var file in (ReadOnlySpan<string>)["var/lib/dbus/machine-id", "var/lib/systemd/random-seed", "etc/resolv.conf"])
            File.Delete(Path.Combine(root, file));
        foreach (var log in Directory.GetFiles(Path.Combine(root, "var/log"), "*", SearchOption.AllDirectories))
            File.Delete(log);
    }

    private static void Write(string root, string path, string text)
    {
        var full = Path.Combine(root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
