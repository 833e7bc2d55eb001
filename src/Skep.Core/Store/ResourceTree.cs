using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// Resources of one kind ordered by namespace and name: a persistent B+ tree. A change copies the few nodes on its path,
/// so a view costs little beyond the one before it, and readers of older views are not disturbed.
/// </summary>
internal sealed class ResourceTree
{
    /// <summary>Items of a leaf and children of a branch.</summary>
    private const int NodeSizeMax = 32;

    /// <summary>A node smaller than this is joined with a neighbour where both fit into one.</summary>
    private const int NodeSizeMin = 8;

    private readonly Node? _root;

    private ResourceTree(Node? root, int count)
    {
        _root = root;
        Count = count;
    }

    /// <summary>A tree without resources.</summary>
    public static ResourceTree Empty { get; } = new(null, 0);

    /// <summary>How many resources there are.</summary>
    public int Count { get; }

    /// <summary>Builds a tree from resources in any order.</summary>
    public static ResourceTree Create(IEnumerable<Resource> resources)
    {
        var sorted = resources.ToArray();
        Array.Sort(sorted, static (x, y) => Compare(x, y.Key.Namespace, y.Key.Name));
        Node[] level = [.. sorted.Chunk(NodeSizeMax).Select(static items => new Leaf(items))];
        while (level.Length > 1)
            level = [.. level.Chunk(NodeSizeMax).Select(static children => new Branch(children))];
        return level.Length == 0 ? Empty : new ResourceTree(level[0], sorted.Length);
    }

    /// <summary>One resource, or null.</summary>
    public Resource? Get(string ns, string name)
    {
        var node = _root;
        while (node is Branch branch)
            node = branch.Children[branch.ChildOf(ns, name)];
        if (node is not Leaf leaf)
            return null;
        var index = leaf.Find(ns, name);
        return index >= 0 ? leaf.Items[index] : null;
    }

    /// <summary>The tree with a resource added or replaced.</summary>
    public ResourceTree Set(Resource resource)
    {
        if (_root is null)
            return new ResourceTree(new Leaf([resource]), 1);
        var (node, right, isNew) = _root.Set(resource);
        return new ResourceTree(right is null ? node : new Branch([node, right]), Count + (isNew ? 1 : 0));
    }

    /// <summary>The tree without a resource; the same tree when it is not there.</summary>
    public ResourceTree Remove(string ns, string name)
    {
        if (_root is null)
            return this;
        var root = _root.Remove(ns, name);
        if (ReferenceEquals(root, _root))
            return this;
        while (root is Branch { Children: [var only] })
            root = only;
        return root is null ? Empty : new ResourceTree(root, Count - 1);
    }

    /// <summary>The resources from a position on, in order; <paramref name="isInclusive"/> says whether one at the position itself counts.</summary>
    public IEnumerable<Resource> From(string ns, string name, bool isInclusive)
    {
        var path = new Stack<(Branch Branch, int Next)>();
        var node = _root;
        while (node is Branch branch)
        {
            var child = branch.ChildOf(ns, name);
            path.Push((branch, child + 1));
            node = branch.Children[child];
        }

        if (node is not Leaf leaf)
            yield break;
        var index = leaf.Find(ns, name);
        index = index < 0 ? ~index : isInclusive ? index : index + 1;
        while (true)
        {
            for (; index < leaf.Items.Length; index++)
                yield return leaf.Items[index];
            while (path.TryPeek(out var top) && top.Next == top.Branch.Children.Length)
                path.Pop();
            if (!path.TryPop(out var above))
                yield break;
            path.Push((above.Branch, above.Next + 1));
            node = above.Branch.Children[above.Next];
            while (node is Branch inner)
            {
                path.Push((inner, 1));
                node = inner.Children[0];
            }

            leaf = (Leaf)node;
            index = 0;
        }
    }

    private static int Compare(Resource resource, string ns, string name)
    {
        var byNamespace = string.CompareOrdinal(resource.Key.Namespace, ns);
        return byNamespace != 0 ? byNamespace : string.CompareOrdinal(resource.Key.Name, name);
    }

    private abstract class Node
    {
        /// <summary>The smallest resource below, or one that was: separates this node from the one before it.</summary>
        public abstract Resource First { get; }

        public abstract int Size { get; }

        /// <summary>The node with a resource set, and its right half when it had to be split.</summary>
        public abstract (Node Node, Node? Right, bool IsNew) Set(Resource resource);

        /// <summary>The node without a resource: itself when it was not there, null when it was the last.</summary>
        public abstract Node? Remove(string ns, string name);

        public abstract Node Join(Node right);
    }

    private sealed class Leaf(Resource[] items) : Node
    {
        public Resource[] Items { get; } = items;

        public override Resource First => Items[0];

        public override int Size => Items.Length;

        /// <summary>The index of a key, or the complement of where it would be.</summary>
        public int Find(string ns, string name)
        {
            var (low, high) = (0, Items.Length - 1);
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var order = Compare(Items[middle], ns, name);
                if (order == 0)
                    return middle;
                if (order < 0)
                    low = middle + 1;
                else
                    high = middle - 1;
            }

            return ~low;
        }

        public override (Node Node, Node? Right, bool IsNew) Set(Resource resource)
        {
            var index = Find(resource.Key.Namespace, resource.Key.Name);
            if (index >= 0)
            {
                var replaced = (Resource[])Items.Clone();
                replaced[index] = resource;
                return (new Leaf(replaced), null, false);
            }

            index = ~index;
            Resource[] all = [.. Items.AsSpan(0, index), resource, .. Items.AsSpan(index)];
            if (all.Length <= NodeSizeMax)
                return (new Leaf(all), null, true);
            // Names often come in rising order; leaving the left part fuller then wastes less.
            var cut = index == Items.Length ? NodeSizeMax * 3 / 4 : all.Length / 2;
            return (new Leaf(all[..cut]), new Leaf(all[cut..]), true);
        }

        public override Node? Remove(string ns, string name)
        {
            var index = Find(ns, name);
            if (index < 0)
                return this;
            return Items.Length == 1 ? null : new Leaf([.. Items.AsSpan(0, index), .. Items.AsSpan(index + 1)]);
        }

        public override Node Join(Node right) => new Leaf([.. Items, .. ((Leaf)right).Items]);
    }

    private sealed class Branch(Node[] children) : Node
    {
        private readonly Resource[] _firsts = Array.ConvertAll(children, static c => c.First);

        public Node[] Children { get; } = children;

        public override Resource First => _firsts[0];

        public override int Size => Children.Length;

        /// <summary>The child whose range contains a key.</summary>
        public int ChildOf(string ns, string name)
        {
            var (low, high) = (1, _firsts.Length - 1); // keys before all others belong to the first child
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                if (Compare(_firsts[middle], ns, name) <= 0)
                    low = middle + 1;
                else
                    high = middle - 1;
            }

            return low - 1;
        }

        public override (Node Node, Node? Right, bool IsNew) Set(Resource resource)
        {
            var index = ChildOf(resource.Key.Namespace, resource.Key.Name);
            var (node, right, isNew) = Children[index].Set(resource);
            if (right is null)
            {
                var replaced = (Node[])Children.Clone();
                replaced[index] = node;
                return (new Branch(replaced), null, isNew);
            }

            Node[] all = [.. Children.AsSpan(0, index), node, right, .. Children.AsSpan(index + 1)];
            if (all.Length <= NodeSizeMax)
                return (new Branch(all), null, isNew);
            var cut = index == Children.Length - 1 ? NodeSizeMax * 3 / 4 : all.Length / 2;
            return (new Branch(all[..cut]), new Branch(all[cut..]), isNew);
        }

        public override Node? Remove(string ns, string name)
        {
            var index = ChildOf(ns, name);
            var child = Children[index].Remove(ns, name);
            if (ReferenceEquals(child, Children[index]))
                return this;
            if (child is null)
                return Children.Length == 1 ? null : new Branch([.. Children.AsSpan(0, index), .. Children.AsSpan(index + 1)]);
            if (child.Size < NodeSizeMin)
            {
                if (index > 0 && Children[index - 1].Size + child.Size <= NodeSizeMax)
                    return new Branch([.. Children.AsSpan(0, index - 1), Children[index - 1].Join(child), .. Children.AsSpan(index + 1)]);
                if (index + 1 < Children.Length && Children[index + 1].Size + child.Size <= NodeSizeMax)
                    return new Branch([.. Children.AsSpan(0, index), child.Join(Children[index + 1]), .. Children.AsSpan(index + 2)]);
            }

            var replaced = (Node[])Children.Clone();
            replaced[index] = child;
            return new Branch(replaced);
        }

        public override Node Join(Node right) => new Branch([.. Children, .. ((Branch)right).Children]);
    }
}
