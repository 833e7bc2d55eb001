using System.Net;
using System.Text;
using Skep.Networking.Dns;

namespace Skep.Networking.Tests.Dns;

public sealed class DnsTests
{
    private static readonly DnsZone _zone = new(IPNetwork.Parse("172.31.0.0/16"), "ec2.internal", new HashSet<IPAddress> { IPAddress.Parse("172.31.0.4") });

    [Fact]
    public void Reads_a_question()
    {
        Assert.Equal(DnsCode.Ok, DnsQuestion.TryParse(Query("WWW.example.org", 28), out var question));
        Assert.Equal("www.example.org", question.Name);
        Assert.Equal(28, question.Type);
        Assert.Equal(0x1234, question.Id);
        Assert.Equal(12 + 17 + 4, question.Length);
    }

    [Fact]
    public void Answers_an_instances_name_with_its_address()
    {
        var answer = Answer("ip-172-31-0-4.ec2.internal", DnsCode.TypeA)!;
        Assert.Equal([0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], answer[..12]);
        Assert.Equal([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 172, 31, 0, 4], answer[^16..]);
    }

    [Fact]
    public void Answers_an_instances_address_with_its_name()
    {
        var answer = Answer("4.0.31.172.in-addr.arpa", DnsCode.TypePtr)!;
        Assert.EndsWith("\rip-172-31-0-4\u0003ec2\binternal\0", Encoding.ASCII.GetString(answer), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ip-172-31-0-5.ec2.internal", DnsCode.TypeA)]
    [InlineData("ip-172-31-0-4.x.ec2.internal", DnsCode.TypeA)]
    [InlineData("other.ec2.internal", DnsCode.TypeA)]
    [InlineData("5.0.31.172.in-addr.arpa", DnsCode.TypePtr)]
    public void Denies_names_of_its_own_that_nobody_has(string name, ushort type) => Assert.Equal(DnsCode.NameError, Answer(name, type)![3] & 0x0f);

    [Fact]
    public void Has_no_other_records_of_an_instances_name()
    {
        var answer = Answer("ip-172-31-0-4.ec2.internal", 28)!;
        Assert.Equal(DnsCode.Ok, answer[3] & 0x0f);
        Assert.Equal([0, 0], answer[6..8]);
    }

    [Theory]
    [InlineData("example.org")]
    [InlineData("xec2.internal")]
    [InlineData("ec2.internal")]
    [InlineData("8.8.8.8.in-addr.arpa")]
    [InlineData("0.31.172.in-addr.arpa")]
    [InlineData("")]
    public void Leaves_other_names_to_others(string name) => Assert.Null(Answer(name, DnsCode.TypeA));

    [Fact]
    public void Does_not_answer_an_answer_or_a_stump()
    {
        var query = Query("a", 1);
        query[2] |= 0x80;
        Assert.Null(DnsQuestion.TryParse(query, out _));
        Assert.Null(DnsQuestion.TryParse(query.AsSpan(0, 11), out _));
    }

    [Fact]
    public void Refuses_other_opcodes_several_questions_pointers_and_long_labels()
    {
        Assert.Equal(DnsCode.NotImplemented, Parse(q => q[2] |= 0x28));
        Assert.Equal(DnsCode.FormatError, Parse(q => q[5] = 2));
        Assert.Equal(DnsCode.FormatError, Parse(q => q[5] = 0));
        Assert.Equal(DnsCode.FormatError, Parse(q => q[12] = 0xc0));
        Assert.Equal(DnsCode.FormatError, Parse(q => q[12] = 64));
        static int? Parse(Action<byte[]> change)
        {
            var query = Query("abc.example", 1);
            change(query);
            return DnsQuestion.TryParse(query, out _);
        }
    }

    [Fact]
    public void A_name_may_be_as_long_as_the_standard_says_and_no_longer()
    {
        var label = new string('a', 63);
        Assert.Equal(DnsCode.Ok, DnsQuestion.TryParse(Query($"{label}.{label}.{label}.{label[..61]}", 1), out _));
        Assert.Equal(DnsCode.FormatError, DnsQuestion.TryParse(Query($"{label}.{label}.{label}.{label[..62]}", 1), out _));
    }

    [Fact]
    public void Survives_mutations_and_cuts()
    {
        const int seed = 20260103;
        var random = new Random(seed);
        var original = Query("ip-172-31-0-4.ec2.internal", DnsCode.TypeA);
        for (var i = 0; i < 50_000; i++)
        {
            var bytes = original[..random.Next(original.Length + 1)];
            for (var n = random.Next(6); n > 0 && bytes.Length > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            switch (DnsQuestion.TryParse(bytes, out var question))
            {
                case DnsCode.Ok:
                    _zone.Answer(bytes, question);
                    break;
                case { } code:
                    Assert.Equal(DnsQuestion.HeaderLength, DnsAnswer.Fail(bytes, code).Length);
                    break;
            }
        }
    }

    [Fact]
    public void Reads_nameservers_of_resolv_conf()
    {
        var servers = ResolvConf.Parse("# nameserver 1.1.1.1\nsearch x\nnameserver 127.0.0.53\n nameserver\tfe80::1%eth0\r\nnameserver bad\nnameserver 9.9.9.9 more\nnameserver 8.8.8.8\n");
        Assert.Equal(["127.0.0.53", "fe80::1", "9.9.9.9"], servers.Select(s => s.Address.ToString().Split('%')[0]));
        Assert.All(servers, s => Assert.Equal(53, s.Port));
    }

    [Fact]
    public void A_host_without_resolv_conf_has_no_servers() => Assert.Empty(new ResolvConf("/nonexistent/resolv.conf").Servers);

    private static byte[]? Answer(string name, ushort type)
    {
        var query = Query(name, type);
        Assert.Equal(DnsCode.Ok, DnsQuestion.TryParse(query, out var question));
        return _zone.Answer(query, question);
    }

    private static byte[] Query(string name, ushort type) =>
        [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. name.Length == 0 ? [(byte)0] : DnsAnswer.EncodeName(name), (byte)(type >> 8), (byte)type, 0, 1];
}
