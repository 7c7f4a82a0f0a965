// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestigoRegistry} from "../../contracts/TestigoRegistry.sol";
import {ReferenceLog} from "./ReferenceLog.sol";
import {vm} from "./Vm.sol";

/// @notice Drives the registry as its honest users and as those who would rewrite a log, who hold the keys as well.
contract RegistryHandler {
    bytes32 private constant ROTATION_TYPEHASH =
        keccak256(
            "KeyRotation(bytes32 logId,address newKey,bytes32 newCheckpointKey,uint256 nonce,uint256 deadline)"
        );
    uint256 private constant LOGS = 2;
    uint256 private constant FIRST_SIZE = 3;

    TestigoRegistry public immutable registry;
    bytes32[LOGS] public logIds;
    /// @dev What the head of each log must be: the leaves of its one true history.
    bytes32[][LOGS] private _leaves;
    uint256[LOGS] private _secrets;
    uint256 private _nextSecret = 1000;
    uint256 private _calls;

    /// @notice How often each kind of attempt was made, so that a run that did nothing shows.
    uint256 public grown;
    uint256 public attacked;
    uint256 public rotated;
    uint256 public frozen;

    /// @notice What went wrong first. Kept and not thrown: a revert would undo the very head that must not have moved.
    string public violation;

    constructor() {
        registry = new TestigoRegistry(address(this), 1 days, 1 days);
        registry.grantRole(registry.OPERATOR_ROLE(), address(this));
        registry.grantRole(registry.GUARDIAN_ROLE(), address(this));
        for (uint256 i = 0; i < LOGS; ++i) {
            _secrets[i] = _nextSecret++;
            logIds[i] = registry.openLog(i == 0 ? "one" : "two", vm.addr(_secrets[i]), 0, 1 hours);
            for (uint256 leaf = 0; leaf < FIRST_SIZE; ++leaf) _leaves[i].push(sha256(abi.encode(i, leaf)));
            bytes32 root = ReferenceLog.root(_leaves[i], 0, FIRST_SIZE);
            vm.prank(vm.addr(_secrets[i]));
            registry.anchor(logIds[i], uint64(FIRST_SIZE), root, new bytes32[](0), new bytes32[](0), new uint32[](0));
        }
    }

    function grow(uint256 log, uint256 by) external {
        log %= LOGS;
        if (_isFrozen(log)) return;
        uint256 size1 = _leaves[log].length;
        uint256 size2 = size1 + 1 + (by % 9);
        for (uint256 i = size1; i < size2; ++i) _leaves[log].push(sha256(abi.encode(log, i)));
        bytes32[] memory leaves = _leaves[log];
        bytes32 root = ReferenceLog.root(leaves, 0, size2);
        if (!_anchor(log, size2, root, ReferenceLog.consistency(leaves, size1, size2))) {
            violation = "an honest anchor was refused";
        }
        ++grown;
    }

    function repeatHead(uint256 log) external {
        log %= LOGS;
        if (_isFrozen(log)) return;
        bytes32[] memory leaves = _leaves[log];
        if (!_anchor(log, leaves.length, ReferenceLog.root(leaves, 0, leaves.length), new bytes32[](0))) {
            violation = "a retry was refused";
        }
    }

    function rollBack(uint256 log, uint256 size) external {
        log %= LOGS;
        bytes32[] memory leaves = _leaves[log];
        size %= leaves.length;
        bytes32 root = ReferenceLog.root(leaves, 0, size);
        _expectRefusal(log, size, root, ReferenceLog.consistency(leaves, size, leaves.length), "rollback");
    }

    /// @dev Changes one leaf below the head and carries on from there, with either log's proof.
    function fork(uint256 log, uint256 changed, uint256 by) external {
        log %= LOGS;
        bytes32[] memory honest = _leaves[log];
        uint256 size1 = honest.length;
        uint256 size2 = size1 + (by % 9);
        bytes32[] memory forked = new bytes32[](size2);
        for (uint256 i = 0; i < size2; ++i) forked[i] = i < size1 ? honest[i] : sha256(abi.encode("fork", i));
        bytes32[] memory proof = ReferenceLog.consistency(forked, size1, size2);
        forked[changed % size1] = keccak256(abi.encode(forked[changed % size1]));
        bytes32 root = ReferenceLog.root(forked, 0, size2);
        _expectRefusal(log, size2, root, proof, "fork with the honest proof");
        _expectRefusal(log, size2, root, ReferenceLog.consistency(forked, size1, size2), "fork with its own proof");
        _expectRefusal(log, size2, root, new bytes32[](0), "fork without a proof");
    }

    /// @dev Anchors one log's head in the place of the other's.
    function swapLogs(uint256 log) external {
        log %= LOGS;
        bytes32[] memory other = _leaves[(log + 1) % LOGS];
        uint256 size1 = _leaves[log].length;
        if (other.length < size1) return;
        bytes32 root = ReferenceLog.root(other, 0, other.length);
        _expectRefusal(log, other.length, root, ReferenceLog.consistency(other, size1, other.length), "swap");
    }

    function anchorAnything(uint256 log, uint64 size, bytes32 root, bytes32[] calldata proof) external {
        log %= LOGS;
        if (size == _leaves[log].length && root == ReferenceLog.root(_leaves[log], 0, size)) return;
        _expectRefusal(log, size, root, proof, "anything");
    }

    function rotate(uint256 log, uint256 wait) external {
        log %= LOGS;
        if (_isFrozen(log) || registry.rotationOf(logIds[log]).dueAt != 0) return;
        uint256 secret = _nextSecret++;
        bytes32 structHash = keccak256(
            abi.encode(
                ROTATION_TYPEHASH,
                logIds[log],
                vm.addr(secret),
                bytes32(secret),
                uint256(registry.logOf(logIds[log]).rotations),
                type(uint256).max
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_secrets[log], _typedDataHash(structHash));
        bytes memory signature = abi.encodePacked(r, s, v);
        registry.scheduleRotation(logIds[log], vm.addr(secret), bytes32(secret), type(uint256).max, signature);
        if (wait % 4 == 0) {
            vm.prank(vm.addr(_secrets[log]));
            registry.cancelRotation(logIds[log]);
            return;
        }
        vm.warp(block.timestamp + 1 days);
        vm.prank(vm.addr(secret));
        registry.completeRotation(logIds[log]);
        _secrets[log] = secret;
        ++rotated;
    }

    /// @dev Rarely, so that most runs go on for long.
    function freeze(uint256 log, uint256 chance) external {
        log %= LOGS;
        if (chance % 32 != 0 || _isFrozen(log)) return;
        registry.freezeLog(logIds[log], "fuzz");
        ++frozen;
    }

    function letTimePass(uint256 time) external {
        vm.warp(block.timestamp + (time % 30 days));
    }

    /// @notice Whether each head is what its history says.
    function areHeadsTrue() external view returns (bool) {
        for (uint256 log = 0; log < LOGS; ++log) {
            (uint64 size, bytes32 root, ) = registry.headOf(logIds[log]);
            bytes32[] memory leaves = _leaves[log];
            if (size != leaves.length || root != ReferenceLog.root(leaves, 0, leaves.length)) return false;
        }
        return true;
    }

    function keyOf(uint256 log) external view returns (address) {
        return vm.addr(_secrets[log]);
    }

    function _expectRefusal(uint256 log, uint256 size, bytes32 root, bytes32[] memory proof, string memory what) private {
        if (_anchor(log, size, root, proof)) violation = what;
        ++attacked;
    }

    function _anchor(uint256 log, uint256 size, bytes32 root, bytes32[] memory proof) private returns (bool) {
        // Both forms of the call, in turn.
        bytes memory call = ++_calls % 2 == 0
            ? abi.encodeCall(
                registry.anchor,
                (logIds[log], uint64(size), root, proof, new bytes32[](0), new uint32[](0))
            )
            : abi.encodePacked(registry.anchorBatch.selector, logIds[log], root, uint64(size), uint16(0), proof);
        vm.prank(vm.addr(_secrets[log]));
        (bool isDone, ) = address(registry).call(call);
        return isDone;
    }

    function _isFrozen(uint256 log) private view returns (bool) {
        return registry.logOf(logIds[log]).frozenAt != 0;
    }

    function _typedDataHash(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("TestigoRegistry"),
                keccak256("1"),
                block.chainid,
                address(registry)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
