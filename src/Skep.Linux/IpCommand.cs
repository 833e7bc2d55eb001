using System.Net;

namespace Skep.Linux;

/// <summary>One command of ip(8), without "ip": its arguments, none of which can be more than one word.</summary>
public sealed class IpCommand
{
    private readonly string _text;

    /// <summary>Makes a command of its words.</summary>
    /// <exception cref="ArgumentException">A word is empty or has a character that means something to ip's batch reader.</exception>
    public IpCommand(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (word.Length == 0 || word.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || word.AsSpan().IndexOfAny("\"'#\\") >= 0)
                throw new ArgumentException($"\"{word}\" cannot be a word of an ip command", nameof(words));
        }

        _text = string.Join(' ', words);
    }

    /// <summary>Gives a device an address, or does nothing when it has it.</summary>
    public static IpCommand Address(IPAddress address, int prefixLength, string device) =>
        new("address", "replace", $"{address}/{prefixLength}", "dev", device);

    /// <summary>Routes a range to a device, in place of an earlier route to the same range.</summary>
    public static IpCommand RouteToDevice(IPNetwork destination, string device) =>
        new("route", "replace", destination.ToString(), "dev", device);

    /// <summary>Routes a range through a gateway on a device, in place of an earlier route to the same range.</summary>
    public static IpCommand RouteThrough(IPNetwork destination, IPAddress gateway, string device, IPAddress source) =>
        new("route", "replace", destination.ToString(), "via", gateway.ToString(), "dev", device, "src", source.ToString());

    /// <summary>Brings a link up.</summary>
    public static IpCommand Up(string device) => new("link", "set", "dev", device, "up");

    /// <summary>The command as ip's batch reader gets it.</summary>
    public override string ToString() => _text;
}
