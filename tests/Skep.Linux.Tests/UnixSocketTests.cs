using System.Net.Sockets;
using Skep.Linux;

namespace Skep.Linux.Tests;

public sealed class UnixSocketTests
{
    [Fact]
    public void A_socket_listens_once_it_was_told_to_and_not_when_only_its_file_is_there()
    {
        var folder = Directory.CreateTempSubdirectory("skep socket ");
        try
        {
            var path = Path.Combine(folder.FullName, "s");
            Assert.False(UnixSocket.IsListening(path));
            using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                socket.Bind(new UnixDomainSocketEndPoint(path));
                Assert.False(UnixSocket.IsListening(path));
                socket.Listen();
                Assert.True(UnixSocket.IsListening(path));
                Assert.False(UnixSocket.IsListening(path + "2"));
            }

            Assert.False(UnixSocket.IsListening(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_file_that_a_dead_server_left_does_not_count()
    {
        string[] table =
        [
            "Num       RefCount Protocol Flags    Type St Inode Path",
            "0000000000000000: 00000003 00000000 00000000 0001 03 21043 /run/a b.sock",
            "0000000000000000: 00000002 00000000 00000000 0001 01 21044 /run/c.sock",
            "0000000000000000: 00000002 00000000 00010000 0001 01 21045 /run/d e.sock",
            "0000000000000000: 00000002 00000000 00010000 0001 01 21046",
        ];

        Assert.False(UnixSocket.IsListening(table, "/run/a b.sock"));
        Assert.False(UnixSocket.IsListening(table, "/run/c.sock"));
        Assert.True(UnixSocket.IsListening(table, "/run/d e.sock"));
    }
}
