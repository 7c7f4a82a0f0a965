// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Merkle proofs of an append-only log
/// @notice Verifies the inclusion and consistency proofs of RFC 6962 and RFC 9162 section 2.1 over SHA-256.
/// @dev Why not a sorted-pair tree: sorting the children throws away which side a hash came from, so such a proof
/// binds neither the index of a leaf nor the size of the tree, and "the old log is a prefix of the new one" cannot be
/// stated at all. Leaves are hashed with the prefix 0x00 and nodes with 0x01, so that no node can pose as a leaf.
///
/// Every function is total: a malformed proof gives `false`, never a revert and never an unbounded loop. Sizes are
/// uint64 and each proof element consumes a bit of the size, so at most 64 elements are ever read.
library MerkleLog {
    /// @notice The root of the log without leaves: SHA-256 of the empty string (RFC 9162 section 2.1.1).
    bytes32 internal constant EMPTY_ROOT = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855;

    /// @notice Whether the leaf hash `leaf` stands at `index` in the log of `size` leaves with root `root`.
    /// @dev RFC 9162 section 2.1.3.2; `fn` and `sn` are the names the standard uses. `leaf` is the leaf's hash, not
    /// its data: a caller that passes 64 bytes of data as a "leaf" could be shown a node in its place.
    function verifyInclusion(
        bytes32 leaf,
        uint64 index,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) internal view returns (bool) {
        if (index >= size) return false;
        uint256 fn = index;
        uint256 sn = size - 1;
        bytes32 hash = leaf;
        uint256 length = proof.length;
        unchecked {
            for (uint256 i = 0; i < length; ++i) {
                if (sn == 0) return false;
                if (fn & 1 == 1) {
                    hash = hashChildren(proof[i], hash);
                } else if (fn == sn) {
                    hash = hashChildren(proof[i], hash);
                    (fn, sn) = _skipLevelsWithoutSibling(fn, sn);
                } else {
                    hash = hashChildren(hash, proof[i]);
                }
                fn >>= 1;
                sn >>= 1;
            }
        }
        return sn == 0 && hash == root;
    }

    /// @notice Whether the log of `size1` leaves with root `root1` is a prefix of the one of `size2` with `root2`.
    /// @dev RFC 9162 section 2.1.4.2. Both roots are recomputed from the same proof elements: that is what makes a
    /// fork, a removed leaf or a reordered one impossible to pass without a collision of SHA-256.
    function verifyConsistency(
        uint64 size1,
        uint64 size2,
        bytes32 root1,
        bytes32 root2,
        bytes32[] calldata proof
    ) internal view returns (bool) {
        if (size1 > size2) return false;
        // Only one log has no leaves, and every log continues it.
        if (size1 == 0) return proof.length == 0 && root1 == EMPTY_ROOT && (size2 != 0 || root2 == root1);
        if (size1 == size2) return proof.length == 0 && root1 == root2;

        unchecked {
            // Step 3 shifts both paths right until the old log's last leaf is a left child. Its index size1 - 1 ends in as
            // many ones as size1 ends in zeros, so that is a division by the lowest bit that is set in size1.
            uint256 lowestBit = size1 & (~uint256(size1) + 1);
            return _climb(size1 / lowestBit - 1, (size2 - 1) / lowestBit, root1, root2, proof);
        }
    }

    /// @dev Steps 2 and 4 to 7 of RFC 9162 section 2.1.4.2: hashes from a node that both logs share up to both roots. In
    /// assembly because this loop is what an anchor costs: Solidity's own code for it spends half as much again.
    ///
    /// Below the level where the two paths meet, `apart` is not zero and the sibling stands on the side that the bit of
    /// `fn` says. From there on both paths are the right edge of their logs, whose only siblings are on the left, one for
    /// each bit of `fn` that is set: the levels between are those where a node without a sibling rises unhashed.
    ///
    /// The loops go up the levels of the new log and not along the proof, so they end after at most 64 steps. With too
    /// few elements they read on past them, with too many they stop before: either way `element` does not end on `end`.
    ///
    /// Each log has its node, 65 bytes past the free memory pointer that hold 0x01 || left || right. The hash so far
    /// always stands as the right child, where a digest is put and where the next step is most likely to need it. The
    /// precompile cannot fail but for want of gas, and then the 1/64 left cannot finish the call; were it to fail
    /// nevertheless, `isConsistent` turns false and stays so.
    function _climb(
        uint256 fn,
        uint256 sn,
        bytes32 root1,
        bytes32 root2,
        bytes32[] calldata proof
    ) private view returns (bool isConsistent) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let node1 := mload(0x40)
            let hash1 := add(node1, 0x21)
            let node2 := add(node1, 0x60)
            let hash2 := add(node2, 0x21)
            mstore8(node1, 0x01)
            mstore8(node2, 0x01)
            let element := proof.offset
            // When the old log is a perfect tree its root is itself the first node, and the proof leaves it out.
            mstore(hash1, root1)
            if fn {
                mstore(hash1, calldataload(element))
                element := add(element, 0x20)
            }
            mstore(hash2, mload(hash1))
            isConsistent := 1
            for {
                sn := xor(fn, sn)
            } sn {
                sn := shr(1, sn)
            } {
                switch and(fn, 1)
                case 0 {
                    // The sibling is on the right: only the new log has it.
                    mstore(add(node2, 0x01), mload(hash2))
                    mstore(hash2, calldataload(element))
                }
                default {
                    // The sibling is on the left: both logs have it.
                    let sibling := calldataload(element)
                    mstore(add(node1, 0x01), sibling)
                    mstore(add(node2, 0x01), sibling)
                    isConsistent := and(staticcall(gas(), 0x02, node1, 0x41, hash1, 0x20), isConsistent)
                }
                isConsistent := and(staticcall(gas(), 0x02, node2, 0x41, hash2, 0x20), isConsistent)
                fn := shr(1, fn)
                element := add(element, 0x20)
            }
            for {} fn {
                fn := and(fn, sub(fn, 1))
            } {
                let sibling := calldataload(element)
                mstore(add(node1, 0x01), sibling)
                mstore(add(node2, 0x01), sibling)
                isConsistent := and(staticcall(gas(), 0x02, node1, 0x41, hash1, 0x20), isConsistent)
                isConsistent := and(staticcall(gas(), 0x02, node2, 0x41, hash2, 0x20), isConsistent)
                element := add(element, 0x20)
            }
            isConsistent := and(isConsistent, eq(element, add(proof.offset, shl(5, proof.length))))
            isConsistent := and(isConsistent, and(eq(mload(hash1), root1), eq(mload(hash2), root2)))
        }
    }

    /// @notice The hash of an inner node: SHA-256(0x01 || left || right).
    function hashChildren(bytes32 left, bytes32 right) internal view returns (bytes32 hash) {
        // Solidity's own sha256() copies its argument through memory twice; a proof of 40 hashes would cost 15,000
        // gas more. The 65 bytes are laid out past the free memory pointer, which stays where it is.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, 0x01)
            mstore(add(buffer, 0x01), left)
            mstore(add(buffer, 0x21), right)
            // The precompile at 0x02 cannot fail but for want of gas, and then the 1/64 left cannot finish the call.
            if iszero(staticcall(gas(), 0x02, buffer, 0x41, 0x00, 0x20)) {
                revert(0x00, 0x00)
            }
            hash := mload(0x00)
        }
    }

    /// @dev The rightmost node of a level may have no sibling; it then rises unhashed until it is a right child.
    function _skipLevelsWithoutSibling(uint256 fn, uint256 sn) private pure returns (uint256, uint256) {
        while (fn & 1 == 0 && fn != 0) {
            fn >>= 1;
            sn >>= 1;
        }
        return (fn, sn);
    }
}
