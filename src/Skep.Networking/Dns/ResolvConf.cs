using System.Net;
using System.Net.Sockets;

namespace Skep.Networking.Dns;

/// <summary>The host's resolvers: the nameserver lines of resolv.conf(5), read anew when the file has changed. Thread-safe.</summary>
internal sealed class ResolvConf(string path)
{
    private const int Port = 53;

    /// <summary>resolv.h: MAXNS.</summary>
    private const int ServersMax = 3;
    private const int LengthMax = 64 * 1024;

    private volatile Snapshot _last = new(DateTime.MinValue, []);

    /// <summary>Up to three resolvers in order of preference; none when the file is missing or names none.</summary>
    public IReadOnlyList<IPEndPoint> Servers
    {
        get
        {
            var written = File.GetLastWriteTimeUtc(path); // a date in 1601 when there is no such file
            if (_last.Written != written)
                _last = new Snapshot(written, Read());
            return _last.Servers;
        }
    }

    /// <summary>Reads the nameserver lines; others, and addresses that are none, are left out as the C library does.</summary>
    public static IReadOnlyList<IPEndPoint> Parse(string text) =>
        [.. text.Split('\n')
            .Select(line => line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["nameserver", _, ..])
            .Select(words => IPAddress.TryParse(words[1], out var address) ? address : null)
            .OfType<IPAddress>()
            .Where(address => address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            .Take(ServersMax)
            .Select(address => new IPEndPoint(address, Port))];

    private IReadOnlyList<IPEndPoint> Read()
    {
        try
        {
            using var reader = new StreamReader(path);
            var text = new char[LengthMax];
            return Parse(new string(text, 0, reader.ReadBlock(text)));
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return []; // replaced at this moment, or a host without DNS: queries then fail and say so
        }
    }

    private sealed record Snapshot(DateTime Written, IReadOnlyList<IPEndPoint> Servers);
}
