using System.Buffers.Binary;
using System.Text;
using static Skep.Blocks.Nbd.NbdProtocol;

namespace Skep.Blocks.Nbd;

/// <summary>The metadata contexts: NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT.</summary>
internal sealed partial class NbdSession
{
    /// <summary>The number of contexts that one connection may select, and the bits of a request's selection.</summary>
    private const int ContextsMax = 32;

    private const int QueriesMax = 256;

    private readonly List<SelectedContext> _contexts = [];
    private string _contextsExport = "";

    private async ValueTask<OptionOutcome> ServeMetaContextAsync(uint option, ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        var isSet = option == NBD_OPT_SET_META_CONTEXT;
        if (isSet)
            ForgetContexts();
        if (!_isStructured)
            return await RejectAsync(option, NBD_REP_ERR_INVALID, "NBD_OPT_STRUCTURED_REPLY comes first", ct);
        if (!TryReadQueries(data.Span, out var name, out var queries))
            return await RejectAsync(option, NBD_REP_ERR_INVALID, "the option is malformed", ct);
        NbdExport? export;
        try
        {
            export = await _link.SettleAsync(_shared.Exports.OpenAsync(name, ct));
        }
        catch (BlockDeviceException ex)
        {
            return await RejectAsync(option, NBD_REP_ERR_UNKNOWN, ex.Message, ct);
        }

        if (export is null)
            return await RejectAsync(option, NBD_REP_ERR_UNKNOWN, $"there is no export \"{name}\"", ct);
        List<SelectedContext> found = [.. ContextsOf(export.Device).Where(c => isSet ? queries.Contains(c.Name, StringComparer.Ordinal) : queries.Count == 0 || queries.Exists(q => Matches(q, c.Name)))];
        await _link.SettleAsync(export.DisposeAsync());
        if (isSet && found.Count > ContextsMax)
            return await RejectAsync(option, NBD_REP_ERR_TOO_BIG, $"a connection has at most {ContextsMax} contexts", ct);
        for (var i = 0; i < found.Count; i++)
        {
            ReplyHeader(option, NBD_REP_META_CONTEXT, sizeof(uint) + Encoding.UTF8.GetByteCount(found[i].Name));
            Put(isSet ? (uint)i : 0);
            PutText(found[i].Name);
        }

        if (isSet)
        {
            _contexts.AddRange(found);
            _contextsExport = name;
        }

        return await AcknowledgeAsync(option, ct);
    }

    /// <summary>Contexts were chosen for one export; another one has none.</summary>
    private void KeepContextsOf(string name)
    {
        if (name != _contextsExport)
            ForgetContexts();
    }

    private void ForgetContexts()
    {
        _contexts.Clear();
        _contextsExport = "";
    }

    private static IEnumerable<SelectedContext> ContextsOf(IBlockDevice device)
    {
        yield return new SelectedContext(BaseAllocation, -1);
        if (device is not INbdMetaContexts further)
            yield break;
        for (var i = 0; i < further.ContextNames.Count; i++)
            yield return new SelectedContext(further.ContextNames[i], i);
    }

    /// <summary>A query is a name, or the beginning of names when it ends with a colon.</summary>
    private static bool Matches(string query, string name) =>
        query == name || (query.EndsWith(':') && name.StartsWith(query, StringComparison.Ordinal));

    private static bool TryReadQueries(ReadOnlySpan<byte> data, out string name, out List<string> queries)
    {
        queries = [];
        name = "";
        if (!TryReadText(ref data, out name) || data.Length < sizeof(uint))
            return false;
        var count = BinaryPrimitives.ReadUInt32BigEndian(data);
        data = data[sizeof(uint)..];
        if (count > QueriesMax)
            return false;
        for (var i = 0; i < count; i++)
        {
            if (!TryReadText(ref data, out var query))
                return false;
            queries.Add(query);
        }

        return data.Length == 0;
    }

    private static bool TryReadText(ref ReadOnlySpan<byte> data, out string text)
    {
        text = "";
        if (data.Length < sizeof(uint))
            return false;
        var length = BinaryPrimitives.ReadUInt32BigEndian(data);
        data = data[sizeof(uint)..];
        if (length > data.Length || ReadName(data[..(int)length]) is not { } read)
            return false;
        text = read;
        data = data[(int)length..];
        return true;
    }

    /// <summary>A context that the client chose; its id is its place.</summary>
    /// <param name="Name">The full name.</param>
    /// <param name="Index">Its place among the device's own; -1 for <c>base:allocation</c>.</param>
    private readonly record struct SelectedContext(string Name, int Index);
}
