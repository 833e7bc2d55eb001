namespace Skep.Linux.SystemTests;

internal static class Root
{
    /// <summary>Skips the test unless it may make network namespaces here.</summary>
    public static void Require()
    {
        Assert.SkipUnless(SystemUser.IsRoot, "needs root to make network namespaces");
        Assert.SkipUnless(File.Exists("/usr/sbin/ip") || File.Exists("/sbin/ip"), "needs ip(8) of iproute2");
        Assert.SkipUnless(File.Exists("/usr/sbin/nft"), "needs nft(8) of nftables");
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "needs /dev/net/tun");
    }
}
