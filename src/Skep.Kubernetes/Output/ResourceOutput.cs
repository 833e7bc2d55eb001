using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Output;

/// <summary>
/// Writes resources in the form that a request asked for. Whole documents are the stored bytes, copied and never parsed.
/// </summary>
internal sealed class ResourceOutput
{
    private static readonly JsonWriterOptions _writerOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly Kind _kind;
    private readonly IReadOnlyList<TableColumn> _columns = [];
    private readonly string _includeObject;
    private readonly TimeProvider _time;

    private ResourceOutput(Kind kind, OutputForm form, string includeObject, TimeProvider time)
    {
        _kind = kind;
        Form = form;
        _includeObject = includeObject;
        _time = time;
        if (form.Shape is OutputShape.Table)
            _columns = TableColumns.Of(kind);
    }

    /// <summary>What was negotiated.</summary>
    public OutputForm Form { get; }

    /// <summary>The form that a request asks for.</summary>
    public static ResourceOutput Of(ApiRequest request, TimeProvider time)
    {
        var includeObject = request.Query("includeObject");
        if (includeObject is not ("" or "Metadata" or "Object" or "None"))
            throw ApiErrors.BadRequest($"includeObject must be None, Metadata or Object, not \"{ApiRequest.Shorten(includeObject)}\"");
        return new ResourceOutput(request.Kind, OutputForm.Negotiate(request.Http.Request), includeObject, time);
    }

    /// <summary>Writes one resource.</summary>
    public void WriteOne(IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        switch (Form.Shape)
        {
            case OutputShape.Document:
                output.Write(json);
                break;
            case OutputShape.Metadata:
                using (var document = Parse(json))
                using (var writer = new Utf8JsonWriter(output, _writerOptions))
                    WriteMetadataDocument(writer, document.RootElement);
                break;
            default:
                using (var document = Parse(json))
                using (var writer = new Utf8JsonWriter(output, _writerOptions))
                {
                    StartTable(writer, new ListMetadata(JsonFieldPath.Find(document.RootElement, "metadata.resourceVersion")?.GetString() ?? "", "", null));
                    WriteRow(writer, document.RootElement);
                    EndTable(writer);
                }

                break;
        }
    }

    /// <summary>
    /// Writes a bookmark: an object that carries only a resourceVersion, and the mark that the initial events are over.
    /// </summary>
    public void WriteBookmark(IBufferWriter<byte> output, long revision, bool endsInitialEvents)
    {
        using var writer = new Utf8JsonWriter(output, _writerOptions);
        if (Form.Shape is not OutputShape.Table)
        {
            WriteBookmarkObject(writer, revision, endsInitialEvents);
            return;
        }

        StartTable(writer, new ListMetadata(revision.ToString(), "", null));
        writer.WriteStartObject();
        writer.WriteStartArray("cells"u8);
        foreach (var _ in _columns)
            writer.WriteNullValue();
        writer.WriteEndArray();
        writer.WritePropertyName("object"u8);
        WriteBookmarkObject(writer, revision, endsInitialEvents);
        writer.WriteEndObject();
        EndTable(writer);
    }

    /// <summary>The bytes before the first item of a list.</summary>
    public void StartList(IBufferWriter<byte> output, ListMetadata metadata)
    {
        using var writer = new Utf8JsonWriter(output, _writerOptions);
        if (Form.Shape is OutputShape.Table)
        {
            StartTable(writer, metadata);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("kind"u8, Form.Shape is OutputShape.Metadata ? "PartialObjectMetadataList" : _kind.Name + "List");
        writer.WriteString("apiVersion"u8, Form.Shape is OutputShape.Metadata ? MetaVersion : _kind.ApiVersion);
        WriteListMetadata(writer, metadata);
        writer.WriteStartArray("items"u8);
    }

    /// <summary>One item of a list.</summary>
    public void WriteItem(IBufferWriter<byte> output, Resource item, bool isFirst)
    {
        if (!isFirst)
            output.Write(","u8);
        if (Form.Shape is OutputShape.Document)
        {
            output.Write(item.Json.Span);
            return;
        }

        using var document = JsonDocument.Parse(item.Json);
        using var writer = new Utf8JsonWriter(output, _writerOptions);
        if (Form.Shape is OutputShape.Table)
            WriteRow(writer, document.RootElement);
        else
            WriteMetadataDocument(writer, document.RootElement);
    }

    /// <summary>The bytes after the last item of a list.</summary>
    public static void EndList(IBufferWriter<byte> output) => output.Write("]}"u8);

    private string MetaVersion => "meta.k8s.io/" + Form.Version;

    private static JsonDocument Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return JsonDocument.ParseValue(ref reader);
    }

    private static void EndTable(Utf8JsonWriter writer)
    {
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteListMetadata(Utf8JsonWriter writer, ListMetadata metadata)
    {
        writer.WriteStartObject("metadata"u8);
        if (metadata.ResourceVersion.Length > 0)
            writer.WriteString("resourceVersion"u8, metadata.ResourceVersion);
        if (metadata.Continue.Length > 0)
            writer.WriteString("continue"u8, metadata.Continue);
        if (metadata.RemainingItemCount is { } remaining)
            writer.WriteNumber("remainingItemCount"u8, remaining);
        writer.WriteEndObject();
    }

    private void WriteBookmarkObject(Utf8JsonWriter writer, long revision, bool endsInitialEvents)
    {
        writer.WriteStartObject();
        writer.WriteString("kind"u8, Form.Shape is OutputShape.Document ? _kind.Name : "PartialObjectMetadata");
        writer.WriteString("apiVersion"u8, Form.Shape is OutputShape.Document ? _kind.ApiVersion : MetaVersion);
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("resourceVersion"u8, revision.ToString());
        writer.WriteNull("creationTimestamp"u8);
        if (endsInitialEvents)
        {
            writer.WriteStartObject("annotations"u8);
            writer.WriteString("k8s.io/initial-events-end"u8, "true"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void StartTable(Utf8JsonWriter writer, ListMetadata metadata)
    {
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "Table"u8);
        writer.WriteString("apiVersion"u8, MetaVersion);
        WriteListMetadata(writer, metadata);
        writer.WriteStartArray("columnDefinitions"u8);
        foreach (var column in _columns)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, column.Name);
            writer.WriteString("type"u8, column.Type);
            writer.WriteString("format"u8, column.Format);
            writer.WriteString("description"u8, column.Description);
            writer.WriteNumber("priority"u8, column.Priority);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("rows"u8);
    }

    private void WriteRow(Utf8JsonWriter writer, JsonElement document)
    {
        var now = _time.GetUtcNow();
        writer.WriteStartObject();
        writer.WriteStartArray("cells"u8);
        foreach (var column in _columns)
            column.WriteCell(writer, document, now);
        writer.WriteEndArray();
        if (_includeObject == "Object")
        {
            writer.WritePropertyName("object"u8);
            writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(document), skipInputValidation: true);
        }
        else if (_includeObject != "None")
        {
            writer.WritePropertyName("object"u8);
            WriteMetadataDocument(writer, document);
        }

        writer.WriteEndObject();
    }

    private void WriteMetadataDocument(Utf8JsonWriter writer, JsonElement document)
    {
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "PartialObjectMetadata"u8);
        writer.WriteString("apiVersion"u8, MetaVersion);
        writer.WritePropertyName("metadata"u8);
        writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(document.GetProperty("metadata"u8)), skipInputValidation: true);
        writer.WriteEndObject();
    }
}

/// <summary>The metadata of a list; "" and null mean absent.</summary>
internal sealed record ListMetadata(string ResourceVersion, string Continue, long? RemainingItemCount);
