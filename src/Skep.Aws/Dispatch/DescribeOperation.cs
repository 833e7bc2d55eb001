using System.Globalization;
using Skep.Aws.Filters;
using Skep.Aws.Protocol;

namespace Skep.Aws.Dispatch;

/// <summary>
/// An operation that lists. The rule says which items there are, in the order of their keys; filters, pages and tokens
/// are the same for all and done here. Items are built one by one, so a page costs what it shows.
/// </summary>
internal abstract class DescribeOperation<TRequest, TResponse, TItem> : AwsOperation<TRequest, TResponse>
    where TRequest : Structure
    where TResponse : Structure
    where TItem : Structure
{
    /// <summary>Items of a page when the request names no size; EC2's own limit.</summary>
    private const int PageSizeMax = 1_000;

    private FilterTable? _filters;

    /// <summary>Filters whose values do not follow from the item's members by name.</summary>
    protected virtual IReadOnlyDictionary<string, FilterRule<TItem>> FilterOverrides => FilterRules.None<TItem>();

    /// <summary>MaxResults may be from and to, where the model does not say.</summary>
    protected virtual (int Min, int Max) PageBounds => (5, PageSizeMax);

    /// <summary>Whether naming ids excludes MaxResults (EC2: InvalidParameterCombination).</summary>
    protected virtual bool IdsExcludePaging => false;

    /// <summary>The items, built as they are taken, ordered ordinally by <see cref="KeyOf"/>, with keys after a position.</summary>
    protected abstract IEnumerable<TItem> Items(TRequest request, AwsCall call, string? after);

    /// <summary>What identifies an item and orders it.</summary>
    protected abstract string KeyOf(TItem item);

    /// <summary>The answer that holds a page.</summary>
    protected abstract TResponse Respond(List<TItem> items, AwsCall call);

    /// <inheritdoc/>
    protected sealed override ValueTask<TResponse> HandleAsync(TRequest request, AwsCall call, CancellationToken ct) =>
        throw new NotSupportedException("a listing is run with its model");

    /// <inheritdoc/>
    protected override ValueTask<TResponse> HandleAsync(OperationModel model, TRequest request, AwsCall call, CancellationToken ct)
    {
        var conditions = Filters(model).Conditions(RequestMembers.Filters(request));
        var maxResults = RequestMembers.MaxResults(request);
        CheckPaging(request, maxResults);
        var token = RequestMembers.NextToken(request);
        var after = token is null ? null : PageToken.Read(token, model, request, call);
        var limit = maxResults ?? PageSizeMax;
        var isPaged = model.Output?.Find("NextToken") is not null;
        var page = new List<TItem>();
        string? next = null;
        foreach (var item in Items(request, call, after))
        {
            ct.ThrowIfCancellationRequested();
            if (!conditions.Match(item, call))
                continue;
            if (isPaged && page.Count == limit)
            {
                next = PageToken.Write(KeyOf(page[^1]), model, request, call);
                break;
            }

            page.Add(item);
        }

        var response = Respond(page, call);
        if (next is not null)
            response.Slots[model.Output!.Find("NextToken")!.Slot] = next;
        return new(response);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> UnresolvedFilters(OperationModel model) => Filters(model).Unresolved;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> ResolvedFilters(OperationModel model) => Filters(model).Paths;

    private FilterTable Filters(OperationModel model) => _filters ??= FilterTable.Make(model, ItemShape(model), FilterOverrides);

    /// <summary>The shape of <typeparamref name="TItem"/>: an element of the answer's list, or of a list in that.</summary>
    private static Shape ItemShape(OperationModel model)
    {
        var name = typeof(TItem).Name;
        return model.Output!.Service.Shapes.First(s => s.Name == name);
    }

    private void CheckPaging(TRequest request, int? maxResults)
    {
        if (maxResults is not { } size)
            return;
        if (IdsExcludePaging && RequestMembers.HasIds(request))
            throw new AwsException("InvalidParameterCombination", 400, "The parameter MaxResults cannot be used with a list of ids");
        var (min, max) = PageBounds;
        if (size < min || size > max)
            throw new AwsException("InvalidParameterValue", 400, string.Create(CultureInfo.InvariantCulture, $"Value ({size}) for parameter MaxResults is invalid: the value must be between {min} and {max}."));
    }
}
